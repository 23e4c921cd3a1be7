package deptest

// folder is one row of the import table: a folder of the module, with everything below it that has no row of its own.
type folder struct {
	path string
	// may lists the rows that it may import; a row may always import itself. all means every row that does not forbid it.
	may []string
	why string
}

// all stands for every folder.
const all = "*"

// folders is the table. ARCHITECTURE.md shows it to readers; this is the one that holds.
var folders = []folder{
	{"proto", nil, "messages are the contract with other programs: they know nothing of this one"},
	{"sensors", []string{"proto", "internal/yamlguard"}, "sample types are shared by every stage: what they import, all import"},
	{"sensors/camera", []string{"sensors", "internal/vision"}, "decoding stands beside the other parsers, and alone in needing cgo"},
	{"sensors/condition", []string{"proto", "sensors"}, "reliability comes from the data alone"},
	{"sync", []string{"sensors"}, "alignment works on headers alone"},
	{"encoders", []string{"sensors", "sensors/camera", "internal/onnx", "internal/onnx/onnxtest", "internal/npz", "internal/yamlguard"}, "encoders see samples, not sets or messages"},
	{"fusion", []string{"sensors", "sync", "encoders", "internal/onnx", "internal/onnx/onnxtest"}, "fusion sees sets and tokens, not where they come from or go to"},
	{"fusion/track", []string{"sensors", "sync", "fusion"}, "tracking is a function of detections"},
	{"fusion/mode", []string{"sensors", "sync", "fusion"}, "modes are a function of what is present"},
	{"replay", []string{"proto", "sensors", "sync"}, "recordings hold messages, and outlive the stages that made them"},
	{"sim", []string{"proto", "sensors", "replay", "internal/yamlguard"}, "the simulator must not know how it is perceived"},
	{"eval", nil, "metrics judge the rest and therefore share nothing with it"},
	{"consumer", []string{"proto"}, "subscribers import it: it must stay light"},
	{"internal/bus", []string{"proto"}, "the bus carries messages and does not look inside"},
	{"internal/onnx", nil, "it wraps one library for everybody"},
	{"internal/onnx/onnxtest", []string{"internal/onnx"}, "it opens that library for tests"},
	{"internal/vision", nil, "it wraps one library for everybody"},
	{"internal/npz", nil, "it reads and writes one file format"},
	{"internal/config", []string{"internal/yamlguard"}, "keys are data: cmd turns them into the options of the stages"},
	{"internal/yamlguard", nil, "it bounds a text before others parse it"},
	{"internal/telemetry", []string{"proto"}, "metrics are made from health messages, so that both say the same"},
	{"internal/render", []string{"proto", "sensors"}, "the picture shows what was published, not what stages think"},
	{"internal/deptest", nil, "it reads sources"},
	{"internal/pipeline", []string{all}, "the only place where stages meet"},
	{"internal/suite", []string{"eval", "fusion", "encoders", "sensors", "sync", "replay", "sim", "proto", "internal/pipeline", "internal/onnx", "internal/onnx/onnxtest"}, "the suite runs what is measured, and knows neither NATS nor files of a network"},
	{"examples", []string{"proto", "consumer"}, "examples show what an outsider can do"},
	{"cmd", []string{all}, "flags and wiring"},
}

// onlyFrom says which folders may be imported by the listed rows alone, whatever "*" allows.
var onlyFrom = []folder{
	{"cmd", nil, "commands are the end of the line"},
	{"examples", nil, "examples are programs"},
	{"internal/pipeline", []string{"cmd", "internal/suite"}, "stages meet there and do not know it"},
}

// library is a wall around something that is not of this module: only the listed folders import it.
type library struct {
	path string // an import path and everything below it
	only []string
	why  string
}

var libraries = []library{
	{
		"github.com/nats-io",
		[]string{"internal/bus", "consumer", "cmd", "examples"},
		"elsewhere a message would pass by the integrity headers, rings and limits of internal/bus",
	},
	{"github.com/yalue/onnxruntime_go", []string{"internal/onnx"}, "it owns the library's memory and threads"},
	{"gocv.io/x/gocv", []string{"internal/vision"}, "an OpenCV assertion kills the process, so every call is guarded in one place"},
	{"C", []string{"internal/onnx", "internal/vision"}, "everything else builds with CGO_ENABLED=0"},
}

// standardOnly lists folders that import nothing but the standard library, tests aside.
var standardOnly = []string{"eval"}

// pure lists folders that are functions of their arguments, tests aside: they start no goroutine, read no clock and import none of
// the packages of shellPackages.
var pure = []string{"sensors", "sensors/condition", "sync", "fusion", "fusion/track", "fusion/mode", "eval"}

// shellPackages touch the world. Locks are among them: what has no goroutine needs none.
var shellPackages = []string{
	"log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os/exec", "os/signal", "sync", "sync/atomic", "syscall",
}

// readsFiles lists the pure folders that read a file named by the caller. The others do not import os.
var readsFiles = []string{"sensors", "eval"}

// clockCalls are the functions of package time that read or wait for the clock.
var clockCalls = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
