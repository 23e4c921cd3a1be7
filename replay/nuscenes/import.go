package nuscenes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fusiond/fusiond/replay"
	"github.com/fusiond/fusiond/sensors"
)

// Deskew says whether imported points count as moved to their sweep's stamp.
type Deskew uint8

// The choices of Config.Deskewed.
const (
	// DeskewByTimes: yes for sweeps with a file of per-point times beside them, no for the others.
	DeskewByTimes Deskew = iota
	DeskewYes
	DeskewNo
)

// Arrival is when a message counts as received, after its stamp. The layout has no arrival times; these are usual delays
// of such sensors on a vehicle, and constant, so that an import is repeatable.
var Arrival = map[string]time.Duration{
	"lidar": 5 * time.Millisecond, "camera": 10 * time.Millisecond, "radar": 20 * time.Millisecond,
	"ego": 2 * time.Millisecond, "truth": 0,
}

// DefaultBody is assumed for the vehicle, which the layout does not describe: a mid-size car, metres.
var DefaultBody = sensors.Body{LengthM: 4.6, WidthM: 1.9, HeightM: 1.6, RearOverhangM: 0.95}

// Config says what to import.
type Config struct {
	// Folder holds the tables' folder, samples and sweeps.
	Folder string
	// Version is the tables' folder ("v1.0-mini"); empty = the only one there.
	Version string
	// Scenes to import by name; empty = all.
	Scenes []string
	// Out is the recording. With several scenes the scene's name is put before its ending.
	Out string
	// Vehicle is the vehicle's id in topics; empty = the scene's name.
	Vehicle  string
	Deskewed Deskew
	// Foxglove adds copies of images and clouds in Foxglove's own types: about twice the size.
	Foxglove bool
	// Body of the vehicle; zero = DefaultBody.
	Body sensors.Body
	// Progress, when set, is called now and then with the messages done and to do of a scene.
	Progress func(scene string, done, total int)
}

// Import writes one recording a scene. The same folder and configuration give the same bytes. A recording appears under
// its name only when it is whole; until then it is NAME.partial, which is removed on failure. The report covers the
// scenes that were finished, also beside an error.
func Import(ctx context.Context, c Config) (*Report, error) {
	dir, err := findVersion(c.Folder, c.Version)
	if err != nil {
		return nil, err
	}
	d, err := load(dir, c.Scenes)
	if err != nil {
		return nil, err
	}
	if c.Out == "" {
		return nil, errors.New("import: no output file named")
	}
	report := &Report{Folder: c.Folder, Version: filepath.Base(dir)}
	for _, s := range d.scenes {
		out := c.Out
		if len(d.scenes) > 1 {
			ext := filepath.Ext(out)
			out = strings.TrimSuffix(out, ext) + "-" + replay.Token(s.row.Name) + ext
		}
		r, err := importScene(ctx, c, d, s, report.Version, out)
		if err != nil {
			return report, fmt.Errorf("import scene %s: %w", s.row.Name, err)
		}
		report.Scenes = append(report.Scenes, *r)
	}
	return report, nil
}

func importScene(ctx context.Context, c Config, d *drive, s *scene, version, out string) (*SceneReport, error) {
	p, err := planScene(c, d, s)
	if err != nil {
		return nil, err
	}
	partial := out + ".partial"
	w, err := replay.Create(partial, replay.WriterOptions{
		Rig:    p.rig,
		Source: fmt.Sprintf("nuScenes layout, %s, scene %s", version, s.row.Name),
		Metadata: map[string]string{
			"scene": s.row.Name, "scene_token": s.row.Token, "description": s.row.Description,
			"location": s.log.Location, "date_captured": s.log.Date, "log": s.log.Logfile, "log_vehicle": s.log.Vehicle,
		},
	})
	if err != nil {
		return nil, err
	}
	err = p.write(ctx, w)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(partial, out)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(partial))
	}
	p.report.Out = out
	return p.report, nil
}
