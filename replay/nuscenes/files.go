package nuscenes

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// maxMessageBytes bounds the message of a sensor's file, and before it is read the file: what a recording takes, less the room
// that the copy for viewers may need beyond the message. A message that is larger than the bus's limit too is imported: what
// reads recordings takes it, and only sending it over a bus does not.
const maxMessageBytes = replay.MaxMessageBytes - 64<<10

// open makes the message of a file. Files that are missing or damaged give nil and, when counting, go into the report.
func (p *plan) open(i int, r dataRow, count bool) (proto.Message, error) {
	ch, st := p.channels[i], &p.report.Streams[i]
	m, err := p.parse(ch, p.rig.Sensors[i].RateHz, r, count)
	switch {
	case err == nil:
		st.Written += boolInt(count)
		return m, nil
	case errors.Is(err, fs.ErrNotExist):
		if count {
			st.Missing++
			p.report.problem(r.Filename, "missing")
		}
		return nil, nil //nolint:nilnil // documented
	}
	var damaged *fileError
	if !errors.As(err, &damaged) {
		return nil, err
	}
	if count {
		st.Damaged++
		p.report.problem(r.Filename, damaged.Error())
	}
	return nil, nil //nolint:nilnil // documented
}

// fileError is a fault of one file's content; other errors (no permission, a failing disk) end the import.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

func (p *plan) parse(ch *channel, rateHz float64, r dataRow, count bool) (proto.Message, error) {
	file, err := p.read(r.Filename)
	if err != nil {
		return nil, err
	}
	var times []byte
	var timesErr error
	if ch.modality == sensors.Lidar {
		var damaged *fileError
		times, timesErr = p.read(timesName(r.Filename))
		if timesErr != nil && !errors.Is(timesErr, fs.ErrNotExist) && !errors.As(timesErr, &damaged) {
			return nil, timesErr
		}
	}
	header := &fusionv1.Header{Stamp: int64(stampOf(r.Timestamp)), Sensor: string(ch.sensor)}
	var m proto.Message
	switch ch.modality {
	case sensors.Camera:
		m, err = makeFrame(header, file, r.Width, r.Height)
	case sensors.Radar:
		m, err = makeScan(header, file)
	case sensors.Lidar:
		m, err = p.makeSweep(ch, rateHz, r, sweepFiles{file, times, timesErr}, count)
	default:
		err = fmt.Errorf("modality %s has no files", ch.modality)
	}
	if err == nil {
		if n := proto.Size(m); n > maxMessageBytes {
			err = fmt.Errorf("its message of %d bytes is over the limit of %d", n, maxMessageBytes)
		}
	}
	if err != nil {
		return nil, &fileError{err}
	}
	return m, nil
}

// sweepFiles is what was read of a sweep. The error is that of the times: a file that is not there or cannot be used.
type sweepFiles struct {
	rows, times []byte
	timesErr    error
}

// makeSweep makes the message of a sweep; one whose times are damaged is still a sweep.
func (p *plan) makeSweep(ch *channel, rateHz float64, r dataRow, f sweepFiles, count bool) (*fusionv1.PointCloud, error) {
	at := sweepTiming{stamp: stampOf(r.Timestamp), period: sensors.StampNs(1e9 / rateHz)}
	hasTimes := !errors.Is(f.timesErr, fs.ErrNotExist)
	deskewed := p.c.Deskewed == DeskewYes || p.c.Deskewed == DeskewByTimes && hasTimes
	if f.timesErr == nil {
		cloud, err := makeCloud(string(ch.sensor), f.rows, f.times, at, deskewed)
		if err == nil {
			return cloud, nil
		}
		f.timesErr = err
	}
	plain, err := makeCloud(string(ch.sensor), f.rows, nil, at, deskewed)
	if err == nil && hasTimes && count {
		p.report.problem(timesName(r.Filename), f.timesErr.Error()+": imported without times")
	}
	return plain, err
}

// read reads a file of the folder; names that lead out of it are refused.
func (p *plan) read(name string) ([]byte, error) {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return nil, &fileError{fmt.Errorf("its name leads out of the folder")}
	}
	f, err := os.Open(filepath.Join(p.c.Folder, local)) //nolint:gosec // inside the folder
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fileError{errors.New("it is not a regular file")}
	}
	if st.Size() > maxMessageBytes {
		return nil, &fileError{fmt.Errorf("its %d bytes are over the limit of %d", st.Size(), maxMessageBytes)}
	}
	var b bytes.Buffer
	b.Grow(int(st.Size()) + bytes.MinRead)
	_, err = b.ReadFrom(io.LimitReader(f, maxMessageBytes))
	return b.Bytes(), err
}

// imageSize takes the table's size, or that of the first image there is.
func (p *plan) imageSize(ch *channel) (w, h int, err error) {
	for _, r := range ch.rows {
		if r.Width > 0 && r.Height > 0 {
			return r.Width, r.Height, nil
		}
	}
	for _, r := range ch.rows {
		b, err := p.read(r.Filename)
		if err != nil {
			continue // reported when its turn comes
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil {
			return c.Width, c.Height, nil
		}
	}
	return 0, 0, errors.New("neither the table nor any image says it")
}
