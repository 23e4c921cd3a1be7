package suite

import (
	"fmt"
	"os"
)

// ProgramHash is the SHA-256 of the running executable: what was made by other code is told apart by it.
func ProgramHash() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the executable: %w", err)
	}
	return hashFile(path)
}
