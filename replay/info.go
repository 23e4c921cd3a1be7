package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Information is what a recording holds. Stamps are nanoseconds since the Unix epoch.
type Information struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// SummaryIntact is false when the recording's end is missing or damaged; Damages says where it is not readable.
	SummaryIntact bool     `json:"summary_intact"`
	Damages       []Damage `json:"damages"`
	// First and Last arrival, and their distance.
	First     int64   `json:"first"`
	Last      int64   `json:"last"`
	DurationS float64 `json:"duration_s"`
	Messages  uint64  `json:"messages"`
	Chunks    int     `json:"chunks"`
	// Metadata is the "fusiond" record.
	Metadata    map[string]string `json:"metadata"`
	Attachments []string          `json:"attachments"`
	// Rig is nil when the recording has none; RigFault says why it cannot be read.
	Rig      *RigInfo     `json:"rig"`
	RigFault string       `json:"rig_fault"`
	Streams  []StreamInfo `json:"streams"`
	// Truth is nil when the recording has no ground truth.
	Truth *TruthInfo `json:"truth"`
	// Conservation is the last account of a recorded daemon, empty without one.
	Conservation []Account `json:"conservation"`
}

// RigInfo names the rig.
type RigInfo struct {
	Vehicle  string   `json:"vehicle"`
	Revision string   `json:"revision"`
	Hash     string   `json:"hash"`
	Sensors  []string `json:"sensors"`
}

// StreamInfo is one topic.
type StreamInfo struct {
	Topic    string `json:"topic"`
	Schema   string `json:"schema"`
	Modality string `json:"modality"` // empty unless a sensor or the ego motion
	Sensor   string `json:"sensor"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	// RateHz is one over the usual distance of stamps; 0 with fewer than two messages.
	RateHz     float64 `json:"rate_hz"`
	FirstStamp int64   `json:"first_stamp"`
	LastStamp  int64   `json:"last_stamp"`
	// DelayMs is the mean of arrival minus stamp.
	DelayMs float64 `json:"delay_ms"`
	// Gaps are distances of stamps above 1.5 times the usual one, of sensors, ego motion and ground truth; the longest 20
	// in order of time. GapCount counts all.
	Gaps     []Gap `json:"gaps"`
	GapCount int   `json:"gap_count"`
	// Backwards counts stamps that are not after the one before.
	Backwards int `json:"backwards"`
}

// Gap is a hole in a stream between two messages.
type Gap struct {
	// After is the stamp of the last message before the hole.
	After   int64   `json:"after"`
	LengthS float64 `json:"length_s"`
	// Missing is how many messages would fit at the usual rate.
	Missing int `json:"missing"`
}

// TruthInfo sums up the ground truth.
type TruthInfo struct {
	Frames       int `json:"frames"`
	Boxes        int `json:"boxes"`
	Objects      int `json:"objects"` // distinct instances
	WithVelocity int `json:"with_velocity"`
	BikeRacks    int `json:"bike_racks"`
	// ByClass counts boxes; those without a detection class are under "".
	ByClass map[string]int `json:"by_class"`
	// Unreadable counts frames that could not be decoded.
	Unreadable int `json:"unreadable"`
}

// Account is one stream's balance: received = used + dropped + pending when Balanced.
type Account struct {
	Stream   string            `json:"stream"`
	Received uint64            `json:"received"`
	Used     uint64            `json:"used"`
	Dropped  map[string]uint64 `json:"dropped"`
	Pending  uint64            `json:"pending"`
	Balanced bool              `json:"balanced"`
}

const maxGaps = 20

// Info reads a whole recording, damaged ones as far as they go, and says what it holds. Only a file that is missing,
// unreadable or not MCAP is an error. It reads every byte twice and decodes ground truth; cancel with ctx.
func Info(ctx context.Context, path string) (*Information, error) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("inspect recording: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("inspect recording: %w", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, &ctxReader{ctx, f}); err != nil {
		return nil, fmt.Errorf("inspect recording %s: %w", path, err)
	}
	info, err := inspect(ctx, f, st.Size(), path)
	if err != nil {
		return nil, err
	}
	info.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return info, nil
}

type ctxReader struct {
	ctx context.Context //nolint:containedctx // lives as long as one copy
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
