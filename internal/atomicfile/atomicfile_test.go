package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mslora/internal/hint"
)

// listing gives the names in a folder, so that a test sees temporary files that stayed.
func listing(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWriteFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "result.json")
	for _, text := range []string{"first, and longer", "second", ""} {
		if err := WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("content %q, want %q", got, text)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, want 0600", info.Mode().Perm())
	}
	if got := listing(t, folder); got != "result.json" {
		t.Errorf("folder holds %s", got)
	}
}

func TestPermissionsFollowUmask(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "result.json")
	if err := WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, want 0600 under umask 077", info.Mode().Perm())
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := WriteFile("result.json", []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := listing(t, "."); got != "result.json" {
		t.Errorf("folder holds %s", got)
	}
}

func TestNothingIsSeenBeforeCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	if err := WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Abort()
	for _, part := range []string{"new", " content"} {
		if _, err := file.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != "old" {
			t.Fatalf("content %q before Commit, want the old one", got)
		}
	}
	if err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "new content" {
		t.Errorf("content %q after Commit", got)
	}
	file.Abort()
	if err := file.Commit(); err != nil {
		t.Errorf("a second Commit: %v", err)
	}
	if got := content(t, path); got != "new content" {
		t.Errorf("content %q after Abort that follows Commit", got)
	}
}

func TestAbortKeepsOldContent(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "model")
	if err := WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	file.Abort()
	if got := content(t, path); got != "old" {
		t.Errorf("content %q, want the old one", got)
	}
	if got := listing(t, folder); got != "model" {
		t.Errorf("folder holds %s", got)
	}
}

func TestErrors(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path, want string
		is               error
	}{
		{"missing folder", "missing/file", "cannot write FOLDER/missing/file: there is no folder FOLDER/missing: no such file or directory", fs.ErrNotExist},
		{"a folder in the way", "taken", "cannot write FOLDER/taken: file exists", fs.ErrExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := WriteFile(filepath.Join(folder, test.path), []byte("x"), 0o644)
			if !errors.Is(err, test.is) {
				t.Fatalf("error %v, want %v", err, test.is)
			}
			if got := strings.ReplaceAll(err.Error(), folder, "FOLDER"); got != test.want {
				t.Errorf("error %q\nwant  %q", got, test.want)
			}
			if got := listing(t, folder); got != "taken" {
				t.Errorf("folder holds %s", got)
			}
		})
	}
}

// TestFullDisk writes to the device that is always full.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	file := &File{temporary: full, path: "runs/model.safetensors"}
	_, err = file.Write([]byte("x"))
	full.Close()
	if err == nil || err.Error() != "cannot write runs/model.safetensors: no space left on device" {
		t.Errorf("error %v", err)
	}
	var hinted *hint.Error
	if !errors.As(err, &hinted) || !strings.HasPrefix(hinted.Hint, "free some space") {
		t.Errorf("%v has no hint to free space", err)
	}
}

func TestCleanRemovesOnlyTemporaryFiles(t *testing.T) {
	folder := t.TempDir()
	file, err := Create(filepath.Join(folder, "half.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"whole.txt", ".hidden", ".note.tmp-1", ".note.tmp-mistaken"} {
		if err := WriteFile(filepath.Join(folder, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(folder); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 {
		t.Errorf("left: %v", entries)
	}
}
