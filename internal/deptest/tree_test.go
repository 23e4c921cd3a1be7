package deptest

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// file is what the rules ask of one Go file.
type file struct {
	name    string // path below the module's root
	test    bool
	imports []string
	world   []string // places where it reads a clock or starts a goroutine
}

// readTree parses every Go file of the module that a build can take, whatever its tags.
func readTree(root fs.FS) ([]file, error) {
	var out []file
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || base[0] == '.' || base[0] == '_' {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, ok, err := readFile(name, text)
		if ok {
			out = append(out, f)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the module's sources: %w", err)
	}
	return out, nil
}

// readFile parses one file. It is not ok if no build takes it.
func readFile(name string, text []byte) (file, bool, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, false, err
	}
	if neverBuilt(parsed) {
		return file{}, false, nil
	}
	f := file{name: name, test: strings.HasSuffix(name, "_test.go")}
	clock := "" // what the file calls package time
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, false, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imported)
		if imported == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.world = append(f.world, fmt.Sprintf("%s: starts a goroutine", set.Position(n.Pos())))
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(clockCalls, n.Sel.Name) {
				f.world = append(f.world, fmt.Sprintf("%s: time.%s", set.Position(n.Pos()), n.Sel.Name))
			}
		}
		return true
	})
	return f, true, nil
}

// neverBuilt tells whether a file has the tag of files that no build takes.
func neverBuilt(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			expr, err := constraint.Parse(c.Text)
			if err == nil && !expr.Eval(func(tag string) bool { return tag != "ignore" && tag != "tools" }) &&
				expr.Eval(func(string) bool { return true }) {
				return true
			}
		}
	}
	return false
}

// modulePath reads the module's path from go.mod.
func modulePath(root string) (string, error) {
	text, err := os.ReadFile(path.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s/go.mod has no module line", root)
}
