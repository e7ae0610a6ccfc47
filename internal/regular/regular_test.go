package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// place makes one of each kind of file in a folder.
func place(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	err := errors.Join(
		os.WriteFile(at("file"), []byte("12345678"), 0o644), os.Mkdir(at("folder"), 0o755), syscall.Mkfifo(at("pipe"), 0o644),
		os.Symlink("file", at("link")), os.Symlink("/dev/zero", at("zero")), os.Symlink("pipe", at("pipelink")), os.Symlink("none", at("dangling")))
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestRead(t *testing.T) {
	folder := place(t)
	for _, test := range []struct {
		name  string
		limit int64
		is    error
		want  string // of the error
	}{
		{"file", 8, nil, ""},
		{"link", 100, nil, ""},
		{"file", 7, ErrTooLarge, "file: too large: 8 bytes, expected at most 7"},
		{"folder", 100, ErrKind, "folder: not a regular file: it is a folder"},
		{"pipe", 100, ErrKind, "pipe: not a regular file: it is a pipe"},
		{"pipelink", 100, ErrKind, "pipelink: not a regular file: it is a pipe"},
		{"zero", 100, ErrKind, "zero: not a regular file: it is a device"},
		{"dangling", 100, fs.ErrNotExist, "dangling"},
	} {
		data, err := Read(filepath.Join(folder, test.name), test.limit)
		if test.is == nil && (err != nil || string(data) != "12345678") {
			t.Errorf("%s: got %q, %v", test.name, data, err)
		}
		if test.is != nil && (!errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: got error %v, want one line with %q", test.name, err, test.want)
		}
	}
}

func TestWithin(t *testing.T) {
	folder := place(t)
	inner := filepath.Join(folder, "folder")
	if err := errors.Join(os.Symlink("../file", filepath.Join(inner, "out")), os.Symlink(folder, filepath.Join(inner, "up")),
		os.Symlink(filepath.Join(folder, "file"), filepath.Join(folder, "absolute"))); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		folder, path string
		want         bool
	}{
		{folder, "file", true}, {folder, "link", true}, {folder, "absolute", true}, {folder, "zero", false}, {folder, "folder/out", true},
		{inner, "folder/out", false}, {inner, "folder/up/folder/out", false}, {filepath.Join(inner, "up"), "file", true},
	} {
		if got, err := Within(test.folder, filepath.Join(folder, test.path)); err != nil || got != test.want {
			t.Errorf("%s in %s: got %v, %v, want %v", test.path, test.folder, got, err, test.want)
		}
	}
	if _, err := Within(folder, filepath.Join(folder, "dangling")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to nothing: %v", err)
	}
}
