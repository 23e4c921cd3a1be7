// Command fusiond fuses camera, radar and lidar streams on NATS into tracked 3D objects, and holds the tools around that: replay,
// import, evaluation, rendering, model packages. One file a verb; the work is done by the packages of the module.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
	// exitLoss: finished, but something was lost or did not agree.
	exitLoss = 3
)

// version is set by the linker (make build).
var version = "dev"

type cli struct {
	Run     runCmd     `cmd:"" help:"Run the daemon: sensors in, objects out."`
	Demo    demoCmd    `cmd:"" help:"Show the main job end to end on a recorded drive, in real time."`
	Process processCmd `cmd:"" help:"Send a recording through the same core in event time, as fast as the machine allows."`
	Play    playCmd    `cmd:"" help:"Publish a recording on NATS as a vehicle would send it."`
	Import  importCmd  `cmd:"" help:"Turn foreign drives into recordings."`
	Info    infoCmd    `cmd:"" help:"Say what a recording holds."`
	Recover recoverCmd `cmd:"" help:"Mend a truncated or damaged recording."`
	Degrade degradeCmd `cmd:"" help:"Lay weather and faults over a recording."`
	Render  renderCmd  `cmd:"" help:"Draw one moment of a recording: bird's-eye view and cameras with boxes."`
	Tensors tensorsCmd `cmd:"" help:"Write a recording's network inputs and targets for training."`
	Eval    evalCmd    `cmd:"" help:"Score detections or tracks by the nuScenes metrics."`
	Sim     simCmd     `cmd:"" help:"Make simulated drives."`
	Model   modelCmd   `cmd:"" help:"Inspect and verify model packages."`
	Check   checkCmd   `cmd:"" help:"Validate configuration, rig and model package together."`
	Doctor  doctorCmd  `cmd:"" help:"Say what is missing on this machine, and the cure."`
	Ctl     ctlCmd     `cmd:"" help:"Ask a running daemon to change something."`
	Config  configCmd  `cmd:"" help:"Describe the configuration file."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

func main() { os.Exit(run(os.Args[1:])) }

// run parses the arguments, runs the verb and returns the exit code.
func run(args []string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("fusiond"), kong.UsageOnError(), kong.Vars{"version": version},
		kong.Description("Streaming sensor fusion for autonomous driving."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(os.Stderr, "fusiond:", err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fusiond:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run()
	var code *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		fmt.Fprintln(os.Stderr, "fusiond:", err)
		return code.code
	default:
		fmt.Fprintln(os.Stderr, "fusiond:", err)
		return exitFail
	}
}

// exitError carries an exit code other than 1.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func loss(format string, args ...any) error { return &exitError{exitLoss, fmt.Errorf(format, args...)} }
