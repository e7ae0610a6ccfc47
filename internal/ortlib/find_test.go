package ortlib

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// library is the plain name of the library here, versioned one that carries a version.
func library() string { return patterns()[0] }

func versioned(version string) string { return strings.Replace(patterns()[1], "*", version, 1) }

// touch makes an empty file, and its folder, below root. It never replaces a file: a test program that was
// built into a checkout looks there too.
func touch(t *testing.T, root string, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{root}, parts...)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	return path
}

// isolated moves to an empty folder, with no variable that names a library.
func isolated(t *testing.T) string {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	t.Setenv(variable, "")
	t.Setenv("LD_LIBRARY_PATH", "")
	t.Setenv("DYLD_LIBRARY_PATH", "")
	return folder
}

func TestFindExplicit(t *testing.T) {
	root := isolated(t)
	file := touch(t, root, "mine", "custom-name.so")
	inside := touch(t, root, "folder", library())
	versions := []string{touch(t, root, "versions", versioned("1.9.0")), touch(t, root, "versions", versioned("1.31.1")), touch(t, root, "versions", versioned("1.24.0"))}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	touch(t, root, ".deps", "lib", library()) // never taken instead
	for _, test := range []struct{ name, flag, variable, want, message string }{
		{name: "file by flag", flag: file, want: file},
		{name: "folder by flag", flag: filepath.Dir(inside), want: inside},
		{name: "file by variable", variable: file, want: file},
		{name: "flag before variable", flag: file, variable: inside, want: file},
		{name: "newest version", flag: filepath.Dir(versions[0]), want: versions[1]},
		{name: "missing flag", flag: filepath.Join(root, "no"), variable: file, message: "--onnxruntime: stat ROOT/no: no such file or directory"},
		{name: "missing variable", variable: filepath.Join(root, "no"), message: "ONNXRUNTIME_LIB: stat ROOT/no: no such file or directory"},
		{name: "empty folder", flag: filepath.Join(root, "empty"), message: "--onnxruntime: there is no ONNX Runtime library in ROOT/empty, expected " + strings.Join(patterns(), " or ")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(variable, test.variable)
			path, tried, err := Find(test.flag)
			if path != test.want {
				t.Errorf("found %q, want %q", path, test.want)
			}
			if len(tried) != 1 {
				t.Errorf("tried %q, want the one place that was given", tried)
			}
			if test.message == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || strings.ReplaceAll(err.Error(), root, "ROOT") != test.message {
				t.Errorf("error %v, want %s", err, test.message)
			}
			var hinted *hint.Error
			if !errors.As(err, &hinted) {
				t.Errorf("%v has no hint", err)
			}
			if strings.HasPrefix(test.name, "missing") && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v hides fs.ErrNotExist", err)
			}
		})
	}
}

func TestFindSearches(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(program), library())
	root := isolated(t)
	loader := "LD_LIBRARY_PATH"
	if runtime.GOOS == "darwin" {
		loader = "DYLD_LIBRARY_PATH"
	}
	if err := os.MkdirAll(filepath.Join(root, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "a", "b"))

	// From the least particular place to the most: each new one wins over those before.
	onPath := touch(t, root, "cuda", library())
	t.Setenv(loader, filepath.Join(root, "none")+string(os.PathListSeparator)+filepath.Dir(onPath))
	for _, step := range []struct {
		name string
		want func() string
	}{
		{"the loader's path", func() string { return onPath }},
		{"the program's checkout", func() string { return touch(t, filepath.Dir(filepath.Dir(program)), ".deps", "lib", library()) }},
		{".deps/lib two folders up", func() string { return touch(t, root, ".deps", "lib", library()) }},
		{".deps/lib here", func() string { return touch(t, root, "a", "b", ".deps", "lib", library()) }},
		{"lib beside the program", func() string { return touch(t, filepath.Dir(program), "lib", library()) }},
		{"beside the program", func() string { return touch(t, beside) }},
	} {
		want := step.want()
		if strings.HasPrefix(want, filepath.Dir(filepath.Dir(program))) {
			t.Cleanup(func() { os.Remove(want) })
		}
		path, tried, err := Find("")
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if path != want {
			t.Errorf("%s: found %s, want %s", step.name, path, want)
		}
		if tried[len(tried)-1] != filepath.Dir(want) {
			t.Errorf("%s: the last place tried is %s", step.name, tried[len(tried)-1])
		}
	}
}

func TestFindMissNamesEveryPlace(t *testing.T) {
	root := isolated(t)
	path, tried, err := Find("")
	if err == nil {
		t.Skipf("this machine has %s", path)
	}
	for _, place := range []string{filepath.Join(root, ".deps", "lib"), "/usr/local/lib", "/usr/lib"} {
		if !slices.Contains(tried, place) {
			t.Errorf("tried %q, which lacks %s", tried, place)
		}
	}
	for _, place := range tried {
		if !strings.Contains(err.Error(), place) {
			t.Errorf("the message lacks %s", place)
		}
	}
	var hinted *hint.Error
	if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "make deps") {
		t.Errorf("the hint of %v does not say how to get the library", err)
	}
}
