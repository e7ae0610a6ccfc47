package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A system call that only Linux has is found, once, in code beside cgo and in tests.
func TestCheck(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example\n\ngo 1.26\n",
		"a.go": "package a\n\n// int one(void) { return 1; }\nimport \"C\"\nimport \"syscall\"\n\n" +
			"func A() { _, _ = C.one(), syscall.Sysinfo }\n",
		"a_test.go":       "package a\n\nimport \"syscall\"\n\nvar _ = syscall.MS_REMOUNT\n",
		"linux_linux.go":  "package a\n\nimport \"syscall\"\n\nvar _ = syscall.Sysinfo\n",
		"b/b.go":          "package b\n\nimport \"syscall\"\n\nvar B = syscall.Flock\n",
		"c/c_external.go": "package c\n\nimport \"example/b\"\n\nvar _ = b.B\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		system, machine string
		want            []string
	}{
		{"linux", "arm64", nil},
		{"darwin", "arm64", []string{"a.go:7:36: undefined: syscall.Sysinfo", "a_test.go:5:17: undefined: syscall.MS_REMOUNT"}},
	} {
		got, err := check(folder, test.system, test.machine)
		if err != nil || len(got) != len(test.want) {
			t.Fatalf("%s: got %q, error %v, want %q", test.system, got, err, test.want)
		}
		for i, want := range test.want {
			if !strings.HasSuffix(got[i], want) {
				t.Errorf("%s: got %q, want %q", test.system, got[i], want)
			}
		}
	}
}
