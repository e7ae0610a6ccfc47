// Command crosscheck type-checks mslora's packages and their tests for other platforms, without a C compiler for them:
// what comes from C is taken as it is used. It finds what only one system has, such as a system call or a field.
//
// usage: crosscheck GOOS/GOARCH ...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir   string
	GoFiles, CgoFiles []string
	ImportMap         map[string]string // of imports that mean another package: vendored ones, and those built for a test
	Module            *struct{ Main bool }
}

func (p listed) own() bool { return p.Module != nil && p.Module.Main }

func main() {
	failed := false
	for _, platform := range os.Args[1:] {
		system, machine, _ := strings.Cut(platform, "/")
		problems, err := check(".", system, machine)
		if err != nil {
			problems = append(problems, err.Error())
		}
		for _, problem := range problems {
			fmt.Fprintf(os.Stderr, "error: %s: %s\n", platform, problem)
			failed = true
		}
	}
	if failed {
		fmt.Fprintln(os.Stderr, "hint: put what only one system has into a file that is named after it, such as memory_linux.go")
		os.Exit(1)
	}
}

// check gives what is wrong, on a platform, in the packages of the module in a folder.
func check(folder, system, machine string) (problems []string, err error) {
	packages, err := list(folder, system, machine)
	if err != nil {
		return nil, err
	}
	done := map[string]*types.Package{"unsafe": types.Unsafe}
	for _, p := range packages { // a package comes after those that it imports
		if p.ImportPath == "unsafe" || strings.HasSuffix(p.ImportPath, ".test") {
			continue
		}
		fileSet := token.NewFileSet()
		var files []*ast.File
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			file, err := parser.ParseFile(fileSet, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
		checker := types.Config{
			FakeImportC:      true,
			IgnoreFuncBodies: !p.own(),
			Sizes:            types.SizesFor("gc", machine),
			Importer: importer(func(path string) (*types.Package, error) {
				if instead, ok := p.ImportMap[path]; ok {
					path = instead
				}
				if found := done[path]; found != nil {
					return found, nil
				}
				return nil, fmt.Errorf("there is no package %s", path)
			}),
			Error: func(err error) {
				// A package is seen twice if it has tests.
				if p.own() && !slices.Contains(problems, err.Error()) {
					problems = append(problems, err.Error())
				}
			},
		}
		// Errors go to Error, so that all are seen.
		done[p.ImportPath], _ = checker.Check(strings.Fields(p.ImportPath)[0], fileSet, files, nil)
	}
	return problems, nil
}

// list gives the module's packages, their tests and all that they import, as they are on a platform.
func list(folder, system, machine string) (packages []listed, err error) {
	command := exec.Command("go", "list", "-deps", "-test", "-json=ImportPath,Dir,GoFiles,CgoFiles,ImportMap,Module", "./...")
	command.Dir = folder
	command.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=1")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
