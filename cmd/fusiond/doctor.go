package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/fusiond/fusiond/encoders"
	"github.com/fusiond/fusiond/internal/bus"
	"github.com/fusiond/fusiond/internal/onnx"
	"github.com/fusiond/fusiond/internal/vision"
)

type doctorCmd struct {
	URL     string `help:"Also look at this NATS server." env:"NATS_URL"`
	Model   string `default:"models/tribev" help:"Model package to look at." type:"path"`
	Library string `help:"Own ONNX Runtime library." type:"path"`
	JSON    bool   `help:"Print as JSON."`
}

// finding is one line of the report.
type finding struct {
	Item   string `json:"item"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"`
	Found  string `json:"found"`
	Cure   string `json:"cure,omitempty"`
}

// Run implements the verb: it fails when something that the daemon needs is missing.
func (c *doctorCmd) Run(ctx context.Context) error {
	findings := []finding{
		{Item: "fusiond", OK: true, Found: fmt.Sprintf("%s, %s, %s/%s, %d cores", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
		jpegFinding(), openCVFinding(),
	}
	findings = append(findings, c.runtimeFindings()...)
	findings = append(findings, c.modelFinding(), natsFinding(ctx, bus.Config{Embedded: bus.EmbeddedInProcess}, "nats embedded"))
	if c.URL != "" {
		findings = append(findings, natsFinding(ctx, bus.Config{URL: c.URL}, "nats "+c.URL))
	}
	missing := 0
	for _, f := range findings {
		if f.Needed && !f.OK {
			missing++
		}
	}
	var err error
	if c.JSON {
		err = writeJSON(os.Stdout, findings)
	} else {
		err = printFindings(os.Stdout, findings)
	}
	if err == nil && missing > 0 {
		return fmt.Errorf("%d things that fusiond needs are missing", missing)
	}
	return err
}

func printFindings(out io.Writer, findings []finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		state := "ok"
		switch {
		case !f.OK && f.Needed:
			state = "MISSING"
		case !f.OK:
			state = "not here"
		}
		text := f.Found
		if f.Cure != "" {
			text += "  -> " + f.Cure
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", f.Item, state, text) // a tabwriter fails only in Flush
	}
	return w.Flush()
}

func jpegFinding() finding {
	f := finding{Item: "jpeg decoder", Needed: true}
	d, err := vision.NewDecoder()
	if err != nil {
		f.Found, f.Cure = err.Error(), "make setup, then build with cgo"
		return f
	}
	d.Close()
	f.OK, f.Found = true, "TurboJPEG"
	return f
}

func openCVFinding() finding {
	f := finding{Item: "opencv", Needed: true}
	w, err := vision.NewWorkspace()
	if err != nil {
		f.Found, f.Cure = err.Error(), "make setup, then build with cgo"
		return f
	}
	w.Close()
	f.OK, f.Found = true, "linked"
	return f
}

// runtimeFindings looks for the library and asks it which providers work.
func (c *doctorCmd) runtimeFindings() []finding {
	f := finding{Item: "onnx runtime", Needed: true}
	rt, err := openRuntime(c.Library)
	if err != nil {
		f.Found, f.Cure = err.Error(), "make setup"
		return []finding{f}
	}
	f.OK, f.Found = true, rt.Version()+" at "+rt.Path()
	out := []finding{f}
	for _, kind := range []onnx.ProviderKind{onnx.CPU, onnx.CUDA, onnx.TensorRT, onnx.WebGPU} {
		p := finding{Item: "provider " + string(kind), Needed: kind == onnx.CPU}
		if err := rt.Probe(onnx.Provider{Kind: kind}); err != nil {
			p.Found = err.Error()
		} else {
			p.OK, p.Found = true, "works"
		}
		out = append(out, p)
	}
	if err := rt.Close(); err != nil {
		out[0].OK, out[0].Found = false, err.Error()
	}
	return out
}

func (c *doctorCmd) modelFinding() finding {
	f := finding{Item: "model package"}
	p, err := encoders.LoadPackage(c.Model)
	if err != nil {
		f.Found, f.Cure = err.Error(), "name one with --model"
		return f
	}
	f.OK, f.Found = true, p.Label()
	return f
}

func natsFinding(ctx context.Context, cfg bus.Config, item string) finding {
	f := finding{Item: item, Needed: true}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	b, err := bus.Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		err = errors.Join(b.CheckMaxPayload(), b.Close())
	}
	if err != nil {
		f.Found, f.Cure = err.Error(), "start a server with max_payload: 8MB, or use nats.embedded"
		if _, lerr := exec.LookPath("nats-server"); lerr != nil {
			f.Cure = "use nats.embedded: listen, or install nats-server and set max_payload: 8MB"
		}
		return f
	}
	f.OK, f.Found = true, "answers, takes messages of 8 MiB"
	return f
}
