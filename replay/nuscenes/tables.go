package nuscenes

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Rows of the tables, with the keys that are used. Sizes are width, length, height; quaternions w, x, y, z; timestamps
// microseconds since the Unix epoch.
type (
	sceneRow struct {
		Token       string `json:"token"`
		LogToken    string `json:"log_token"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Samples     int    `json:"nbr_samples"`
	}
	sampleRow struct {
		Token     string `json:"token"`
		Timestamp int64  `json:"timestamp"`
		Prev      string `json:"prev"`
		Next      string `json:"next"`
		Scene     string `json:"scene_token"`
	}
	dataRow struct {
		Token      string `json:"token"`
		Sample     string `json:"sample_token"`
		EgoPose    string `json:"ego_pose_token"`
		Calibrated string `json:"calibrated_sensor_token"`
		Timestamp  int64  `json:"timestamp"`
		KeyFrame   bool   `json:"is_key_frame"`
		Height     int    `json:"height"`
		Width      int    `json:"width"`
		Filename   string `json:"filename"`
		Prev       string `json:"prev"`
		Next       string `json:"next"`
	}
	egoRow struct {
		Token       string     `json:"token"`
		Timestamp   int64      `json:"timestamp"`
		Rotation    [4]float64 `json:"rotation"`
		Translation [3]float64 `json:"translation"`
	}
	calibratedRow struct {
		Token       string      `json:"token"`
		Sensor      string      `json:"sensor_token"`
		Rotation    [4]float64  `json:"rotation"`
		Translation [3]float64  `json:"translation"`
		Intrinsic   [][]float64 `json:"camera_intrinsic"`
	}
	sensorRow struct {
		Token    string `json:"token"`
		Channel  string `json:"channel"`
		Modality string `json:"modality"`
	}
	annotationRow struct {
		Token       string     `json:"token"`
		Sample      string     `json:"sample_token"`
		Instance    string     `json:"instance_token"`
		Visibility  string     `json:"visibility_token"`
		Attributes  []string   `json:"attribute_tokens"`
		Translation [3]float64 `json:"translation"`
		Size        [3]float64 `json:"size"`
		Rotation    [4]float64 `json:"rotation"`
		Prev        string     `json:"prev"`
		Next        string     `json:"next"`
		LidarPoints uint32     `json:"num_lidar_pts"`
		RadarPoints uint32     `json:"num_radar_pts"`
	}
	instanceRow struct {
		Token    string `json:"token"`
		Category string `json:"category_token"`
	}
	namedRow struct { // category, attribute
		Token string `json:"token"`
		Name  string `json:"name"`
	}
	visibilityRow struct {
		Token string `json:"token"`
		Level string `json:"level"`
	}
	logRow struct {
		Token    string `json:"token"`
		Logfile  string `json:"logfile"`
		Vehicle  string `json:"vehicle"`
		Date     string `json:"date_captured"`
		Location string `json:"location"`
	}
)

// needed tables make a recording impossible when they are missing; without the optional ones it has no ground truth or
// less of it. map.json is the thirteenth table and holds nothing that a recording needs.
var (
	neededTables   = []string{"scene", "sample", "sample_data", "ego_pose", "calibrated_sensor", "sensor"}
	optionalTables = []string{"sample_annotation", "instance", "category", "attribute", "visibility", "log"}
)

// findVersion returns the folder of the tables: the named one, or the only one there.
func findVersion(root, version string) (string, error) {
	if version != "" {
		if !filepath.IsLocal(version) {
			return "", fmt.Errorf("find tables in %s: version %q is not a folder name", root, version)
		}
		return filepath.Join(root, version), nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return "", fmt.Errorf("find tables: %w: give the folder that holds v1.0-*, samples and sweeps", err)
	}
	var found []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(root, e.Name(), "scene.json")); err == nil {
			found = append(found, e.Name())
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("find tables in %s: no folder there holds scene.json: "+
			"give the folder that holds v1.0-*, samples and sweeps", root)
	case 1:
		return filepath.Join(root, found[0]), nil
	}
	return "", fmt.Errorf("find tables in %s: there are several versions (%s): name one", root, strings.Join(found, ", "))
}

// checkTables reports every needed table that is missing in one error, and lists the optional ones that are.
func checkTables(dir string) (absent []string, err error) {
	missing := func(names []string) (out []string) {
		for _, n := range names {
			if _, err := os.Stat(filepath.Join(dir, n+".json")); err != nil {
				out = append(out, n+".json")
			}
		}
		return out
	}
	if m := missing(neededTables); len(m) > 0 {
		return nil, fmt.Errorf("read tables in %s: %s missing: unpack the whole metadata archive there", dir, strings.Join(m, ", "))
	}
	return missing(optionalTables), nil
}

// readTable streams a table row by row, so that a table of gigabytes needs no more memory than what each keeps of it.
func readTable[T any](dir, name string, each func(*T) error) error {
	f, err := os.Open(filepath.Join(dir, name+".json")) //nolint:gosec // the user names the folder
	if errors.Is(err, fs.ErrNotExist) && slices.Contains(optionalTables, name) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read table %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // only read
	if err := decodeTable(bufio.NewReaderSize(f, 1<<20), each); err != nil {
		return fmt.Errorf("read table %s: %w: unpack it again", f.Name(), err)
	}
	return nil
}

// decodeTable reads a JSON array of objects.
func decodeTable[T any](r io.Reader, each func(*T) error) error {
	d := json.NewDecoder(r)
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("row 1: %w", unexpectedEOF(err))
	}
	if t != json.Delim('[') {
		return fmt.Errorf("it starts with %v, want a list of rows", t)
	}
	for n := 1; d.More(); n++ {
		var row T
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("row %d: %w", n, unexpectedEOF(err))
		}
		if err := each(&row); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("end of the list: %w", unexpectedEOF(err))
	}
	return nil
}

func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
