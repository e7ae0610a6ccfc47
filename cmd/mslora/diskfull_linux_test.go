package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A full disk must be named, and what was written before must go on.
func TestDiskFull(t *testing.T) {
	folder := t.TempDir()
	arguments := append(runArguments(t, folder), "--methods", "musclelora", "--auxiliary", "8", "--epochs", "60")
	small := filepath.Join(folder, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=48k"); err != nil {
		t.Skipf("SKIPPED, needs the right to mount a small tmpfs: %v", err)
	}
	defer syscall.Unmount(small, 0)
	var output bytes.Buffer
	code := mainCode(append([]string{"mslora"}, append(arguments, "--out", small)...), &output, &output)
	if code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"error: ", "no space left on device", "hint: free some space and run the same command again"} {
		if !strings.Contains(output.String(), want) {
			t.Errorf("the output lacks %q: %s", want, output.String())
		}
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	output.Reset()
	if code := mainCode(append([]string{"mslora"}, append(arguments, "--out", small)...), &output, &output); code != 0 {
		t.Errorf("with space again it exited with %d: %s", code, output.String())
	}
}
