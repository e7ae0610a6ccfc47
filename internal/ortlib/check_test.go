package ortlib

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// compile makes a shared library of C source with the compiler that cgo needs anyway.
func compile(t *testing.T, source string) string {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, library())
	if err := os.WriteFile(filepath.Join(folder, "library.c"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", path, filepath.Join(folder, "library.c")).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return path
}

// runtimeOf is the source of a library that calls itself 1.N.0, has the interface versions up to N and
// prints a line when asked for another, as ONNX Runtime does.
func runtimeOf(minor string) string { return libraryOf("1."+minor+".0", minor) }

func libraryOf(version, api string) string {
	return `
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
static const void *get_api(uint32_t version) {
	if (version <= ` + api + `) return "api";
	fprintf(stderr, "the requested API version is not available\n");
	return NULL;
}
static const char *get_version(void) { return "` + version + `"; }
static const struct { const void *(*get_api)(uint32_t); const char *(*version)(void); } base = {get_api, get_version};
const void *OrtGetApiBase(void) { return &base; }
`
}

func TestCheck(t *testing.T) {
	text := filepath.Join(t.TempDir(), library())
	if err := os.WriteFile(text, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, path, version, message string }{
		{"oldest that will do", compile(t, runtimeOf("24")), "1.24.0", ""},
		{"newer", compile(t, runtimeOf("31")), "1.31.0", ""},
		{"too old", compile(t, runtimeOf("23")), "1.23.0", "found ONNX Runtime 1.23.0 at PATH, need 1.24 or later (API 24)"},
		{"a build of another version", compile(t, libraryOf("1.31.0-minimal", "20")), "1.31.0-minimal", "found ONNX Runtime 1.31.0-minimal at PATH, need 1.24 or later (API 24)"},
		{"two", compile(t, libraryOf("2.0.0", "40")), "2.0.0", ""},
		{"another library", compile(t, "int answer(void) { return 42; }"), "", "PATH cannot be loaded as ONNX Runtime: it has no function OrtGetApiBase"},
		{"no base", compile(t, "void *OrtGetApiBase(void) { return 0; }"), "", "PATH cannot be loaded as ONNX Runtime: it has no function OrtGetApiBase"},
		{"no library", text, "", "PATH cannot be loaded as ONNX Runtime: "},
		{"missing", filepath.Join(t.TempDir(), "none"), "", "PATH cannot be loaded as ONNX Runtime: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			version, err := Check(test.path)
			if version != test.version {
				t.Errorf("version %q, want %q", version, test.version)
			}
			if test.message == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			message := strings.ReplaceAll(err.Error(), test.path, "PATH")
			if strings.HasSuffix(test.message, ": ") { // the loader's own words follow
				message = message[:min(len(message), len(test.message))]
			}
			if message != test.message {
				t.Errorf("error %q\nwant  %q", err, test.message)
			}
			var hinted *hint.Error
			if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "make deps") {
				t.Errorf("the hint of %v does not say how to get a library", err)
			}
		})
	}
}

func TestCheckRelativePath(t *testing.T) {
	path := compile(t, runtimeOf("30"))
	t.Chdir(filepath.Dir(path))
	if version, err := Check(filepath.Base(path)); err != nil || version != "1.30.0" {
		t.Errorf("version %q, %v", version, err)
	}
}

// TestCheckTheRealLibrary is the one test with ONNX Runtime itself, which `make deps` fetches.
func TestCheckTheRealLibrary(t *testing.T) {
	path, _, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path); err != nil {
		t.Error(err)
	}
}
