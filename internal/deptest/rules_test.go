package deptest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// below tells whether name is prefix or lies below it.
func below(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// rowOf returns the row that a folder falls under: the longest path that it is or lies below.
func rowOf(dir string) (folder, bool) {
	var best folder
	for _, row := range folders {
		if below(dir, row.path) && len(row.path) > len(best.path) {
			best = row
		}
	}
	return best, best.path != ""
}

// check returns every breach of the rules, in the order of files, each with the rule's reason.
func check(module string, files []file) []string {
	var out []string
	for _, f := range files {
		row, ok := rowOf(path.Dir(f.name))
		if !ok {
			out = append(out, fmt.Sprintf("%s: folder %s has no row in the import table: add one to internal/deptest/table_test.go, "+
				"with its reason", f.name, path.Dir(f.name)))
			continue
		}
		for _, imported := range f.imports {
			if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
				out = append(out, checkInside(f, row, inside)...)
			} else {
				out = append(out, checkLibrary(f, row, imported)...)
			}
		}
		if !f.test && slices.Contains(pure, row.path) {
			for _, place := range f.world {
				out = append(out, fmt.Sprintf("%s, but %s is pure: take the time as an argument, and leave goroutines to the shell",
					place, row.path))
			}
		}
	}
	return append(out, cycles(module, files)...)
}

// checkInside holds the table's rows.
func checkInside(f file, row folder, imported string) []string {
	target, ok := rowOf(imported)
	if !ok || target.path == row.path {
		return nil // a target without a row is reported at its own files
	}
	for _, wall := range onlyFrom {
		if target.path == wall.path && !slices.Contains(wall.may, row.path) {
			return []string{fmt.Sprintf("%s imports %s, which %s may import: %s", f.name, imported, list(wall.may), wall.why)}
		}
	}
	if slices.Contains(row.may, all) || slices.Contains(row.may, target.path) {
		return nil
	}
	return []string{fmt.Sprintf("%s imports %s; of this module %s may import %s: %s", f.name, imported, row.path, list(row.may), row.why)}
}

// checkLibrary holds the walls around what is not of the module.
func checkLibrary(f file, row folder, imported string) []string {
	for _, l := range libraries {
		if below(imported, l.path) && !slices.Contains(l.only, row.path) {
			return []string{fmt.Sprintf("%s imports %q, which %s may import: %s", f.name, imported, list(l.only), l.why)}
		}
	}
	if f.test {
		return nil
	}
	first, _, _ := strings.Cut(imported, "/")
	if slices.Contains(standardOnly, row.path) && strings.Contains(first, ".") {
		return []string{fmt.Sprintf("%s imports %q; %s imports only the standard library: %s", f.name, imported, row.path, row.why)}
	}
	if !slices.Contains(pure, row.path) {
		return nil
	}
	file := imported == "os" && !slices.Contains(readsFiles, row.path)
	if file || slices.Contains(shellPackages, imported) {
		return []string{fmt.Sprintf("%s imports %q, but %s is pure: leave I/O, logs, chance and locks to the shell", f.name, imported, row.path)}
	}
	return nil
}

// list is what a rule allows, for people.
func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return "only " + strings.Join(names, ", ")
}

// top returns the top-level folder of a path; each folder of internal counts as one, since internal as a whole is on every side.
func top(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// cycles returns the cycles between top-level folders, tests included, each as the imports that close it.
func cycles(module string, files []file) []string {
	edges := map[string]map[string]string{} // from, to: an import as an example
	for _, f := range files {
		from := top(path.Dir(f.name))
		for _, imported := range f.imports {
			inside, ok := strings.CutPrefix(imported, module+"/")
			if to := top(inside); ok && to != from {
				if edges[from] == nil {
					edges[from] = map[string]string{}
				}
				if _, known := edges[from][to]; !known {
					edges[from][to] = fmt.Sprintf("%s imports %s", f.name, inside)
				}
			}
		}
	}
	var out, trail []string
	const unseen, open, closed = 0, 1, 2
	state := map[string]int{}
	var visit func(string)
	visit = func(from string) {
		state[from] = open
		trail = append(trail, from)
		for _, to := range sortedKeys(edges[from]) {
			switch state[to] {
			case unseen:
				visit(to)
			case open:
				loop := append(slices.Clone(trail[slices.Index(trail, to):]), to)
				steps := make([]string, 0, len(loop))
				for i := range len(loop) - 1 {
					steps = append(steps, edges[loop[i]][loop[i+1]])
				}
				out = append(out, fmt.Sprintf("cycle %s, data flows one way: %s", strings.Join(loop, " -> "), strings.Join(steps, "; ")))
			case closed:
			}
		}
		trail = trail[:len(trail)-1]
		state[from] = closed
	}
	for _, from := range sortedKeys(edges) {
		if state[from] == unseen {
			visit(from)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
