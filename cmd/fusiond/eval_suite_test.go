package main

import (
	"path/filepath"
	"testing"
)

const madeSuite = `{"schema": "fusiond.suite/1", "model": {"name": "one", "version": "1", "hash": "abc", "strategy": "attention"},
 "parts": [{"kind": "simulated", "drives": ["seed 1"], "subsets": [{"sensors": "lidar", "map": 0.5}], "calibration": [{}],
 "summary": {"map": 0.5, "nds": 0.25, "mra_nds": null}}]}`

func TestEvalSuiteFlags(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, dir, "suite.json", madeSuite)
	broken := writeFile(t, dir, "broken.json", "{}")
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"no folder", []string{"--suite"}, exitUsage, []string{"--out DIR"}},
		{"with a recording", []string{file, "--suite", "--out", dir}, exitUsage, []string{"leave the recording"}},
		{"with sensors", []string{"--suite", "--out", dir, "--sensors", "lidar"}, exitUsage, []string{"every subset"}},
		{"its flags alone", []string{file, "--quick"}, exitUsage, []string{"--suite"}},
		{"two recordings", []string{file, file}, exitUsage, []string{"one argument too many"}},
		{"nothing to compare", []string{"--suite-compare"}, exitUsage, []string{"suite.json"}},
		{"no report", []string{"--suite-compare", broken}, exitFail, []string{"broken.json", "schema"}},
		{"a baseline that is none", []string{"--suite", "--out", filepath.Join(dir, "out"), "--baseline", broken}, exitFail, []string{"broken.json"}},
		{"a model that is none", []string{"--suite", "--out", filepath.Join(dir, "out"), "--model", dir}, exitFail, []string{"manifest.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fusiond(t, append([]string{"eval"}, c.args...)...).want(t, c.code, c.want...)
		})
	}
	o := fusiond(t, "eval", "--suite-compare", file, file, "--json")
	o.want(t, exitOK)
	var rows []struct {
		Network string
		Summary struct {
			MAP    float64  `json:"map"`
			MRANDS *float64 `json:"mra_nds"`
		}
	}
	o.decode(t, &rows)
	if len(rows) != 2 || rows[0].Network != "one 1 abc, attention" || rows[0].Summary.MAP != 0.5 || rows[0].Summary.MRANDS != nil {
		t.Errorf("got %+v", rows)
	}
	fusiond(t, "eval", "--suite-compare", file, file).want(t, exitOK)
}
