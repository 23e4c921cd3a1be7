package deptest

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../.."

// TestModule holds the rules for the module itself.
func TestModule(t *testing.T) {
	module, err := modulePath(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := readTree(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	// The test must not pass because it found nothing to look at.
	for _, dir := range []string{"proto/fusion/v1", "sensors", "sync", "fusion", "internal/pipeline", "cmd/fusiond"} {
		if !slices.ContainsFunc(files, func(f file) bool { return strings.HasPrefix(f.name, dir+"/") }) {
			t.Errorf("no Go file found in %s", dir)
		}
	}
	for _, breach := range check(module, files) {
		t.Error(breach)
	}
}

// TestTable holds the table's own sense: rows are named once, and rules name rows that exist.
func TestTable(t *testing.T) {
	rows := map[string]bool{all: true}
	for _, row := range folders {
		if rows[row.path] {
			t.Errorf("%s has two rows", row.path)
		}
		rows[row.path] = true
		if row.why == "" {
			t.Errorf("%s has no reason", row.path)
		}
	}
	named := slices.Concat(standardOnly, pure, readsFiles)
	for _, row := range slices.Concat(folders, onlyFrom) {
		named = append(append(named, row.path), row.may...)
	}
	for _, l := range libraries {
		named = append(named, l.only...)
	}
	for _, name := range named {
		if !rows[name] {
			t.Errorf("a rule names %s, which has no row", name)
		}
	}
}

// TestBreachesAreFound breaks each rule once.
func TestBreachesAreFound(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string // substrings of the breaches, in order
	}{
		{
			name:  "allowed",
			files: map[string]string{"sync/a.go": `import "m/sensors"`, "sensors/a.go": `import "m/proto/fusion/v1"`},
		},
		{
			name:  "a row's own sub-folder",
			files: map[string]string{"replay/nuscenes/a.go": `import "m/replay"`},
		},
		{
			name:  "not in the row",
			files: map[string]string{"sync/a.go": `import "m/encoders"`},
			want:  []string{"sync/a.go imports encoders; of this module sync may import only sensors: alignment works on headers alone"},
		},
		{
			name:  "a row below an allowed one is another row",
			files: map[string]string{"sync/a.go": `import "m/sensors/camera"`},
			want:  []string{"sync/a.go imports sensors/camera; of this module sync may import only sensors"},
		},
		{
			name:  "in a test",
			files: map[string]string{"sync/a_test.go": `import "m/replay"`},
			want:  []string{"sync/a_test.go imports replay"},
		},
		{
			name:  "behind a build tag",
			files: map[string]string{"sync/a.go": "//go:build arm64 && !cgo\n\npackage p\nimport \"m/replay\""},
			want:  []string{"sync/a.go imports replay"},
		},
		{
			name:  "a file that no build takes",
			files: map[string]string{"sync/a.go": "//go:build ignore\n\npackage p\nimport \"m/replay\""},
		},
		{
			name:  "pipeline from a stage",
			files: map[string]string{"internal/render/a.go": `import "m/internal/pipeline"`},
			want:  []string{"internal/render/a.go imports internal/pipeline, which only cmd, internal/suite may import: stages meet there"},
		},
		{
			name:  "a folder without a row",
			files: map[string]string{"util/a.go": ``},
			want:  []string{"util/a.go: folder util has no row in the import table"},
		},
		{
			name:  "nats outside the bus",
			files: map[string]string{"replay/a.go": `import "github.com/nats-io/nats.go/jetstream"`},
			want:  []string{`replay/a.go imports "github.com/nats-io/nats.go/jetstream", which only internal/bus, consumer, cmd, examples may import`},
		},
		{
			name:  "a name that begins like a wall",
			files: map[string]string{"replay/a.go": `import "github.com/nats-iox/other"`},
		},
		{
			name:  "onnxruntime and gocv swapped",
			files: map[string]string{"internal/vision/a.go": `import "github.com/yalue/onnxruntime_go"`, "internal/onnx/a.go": `import "gocv.io/x/gocv"`},
			want:  []string{"only internal/vision may import: an OpenCV assertion", "only internal/onnx may import"},
		},
		{
			name:  "cgo",
			files: map[string]string{"encoders/a.go": `import "C"`},
			want:  []string{`encoders/a.go imports "C"`},
		},
		{
			name:  "eval beyond the standard library",
			files: map[string]string{"eval/a.go": `import "gonum.org/v1/gonum/stat"`, "eval/a_test.go": `import "github.com/google/go-cmp/cmp"`},
			want:  []string{"eval/a.go imports \"gonum.org/v1/gonum/stat\"; eval imports only the standard library"},
		},
		{
			name: "the world in a pure folder",
			files: map[string]string{
				"sync/a.go":      "import clock \"time\"\nfunc f() { go f(); _ = clock.Now() }",
				"sync/b.go":      `import "os"`,
				"sync/c.go":      "import \"time\"\nfunc g() time.Duration { return time.Second }",
				"sync/d_test.go": "import \"time\"\nfunc h() { go h(); _ = time.Now() }",
				"sensors/a.go":   "import \"os\"\nimport \"sync\"",
				"encoders/a.go":  "import \"time\"\nfunc f() { go f(); _ = time.Now() }",
			},
			want: []string{
				`sensors/a.go imports "sync", but sensors is pure`, "sync/a.go:3:12: starts a goroutine", "sync/a.go:3:24: time.Now",
				`sync/b.go imports "os", but sync is pure`,
			},
		},
		{
			name: "a cycle through a test",
			files: map[string]string{
				"sensors/camera/a.go":       `import "m/internal/vision"`,
				"internal/vision/a_test.go": `import "m/sensors"`,
			},
			want: []string{
				"internal/vision/a_test.go imports sensors; of this module internal/vision may import nothing",
				"cycle internal/vision -> sensors -> internal/vision, data flows one way: internal/vision/a_test.go imports sensors; " +
					"sensors/camera/a.go imports internal/vision",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for name, text := range test.files {
				if !strings.Contains(text, "package p") {
					text = "package p\n" + text
				}
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			files, err := readTree(tree)
			if err != nil {
				t.Fatal(err)
			}
			got := check("m", files)
			if len(got) != len(test.want) {
				t.Fatalf("got %d breaches, want %d:\n%s", len(got), len(test.want), strings.Join(got, "\n"))
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("breach %d\n got: %s\nwant: %s", i, got[i], want)
				}
			}
		})
	}
}
