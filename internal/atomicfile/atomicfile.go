// Package atomicfile writes files so that a reader, or a run after a crash, sees either the old content or
// the new one, never a part: into a temporary file in the same folder, which is renamed when complete.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"mslora/internal/hint"
)

// File is a file in the making, an io.Writer. Commit or Abort must be called; Abort after Commit does nothing.
type File struct {
	temporary *os.File
	path      string
	done      bool
}

// Create starts a new version of path. The folder must exist.
func Create(path string) (*File, error) { return create(path, 0o644) }

// create makes the temporary file itself instead of leaving it to os.CreateTemp, whose files are private:
// here the process's umask applies to perm, as it does to every other file.
func create(path string, perm os.FileMode) (*File, error) {
	folder, base := filepath.Split(path)
	for {
		name := fmt.Sprintf("%s.%s.tmp-%08x", folder, base, rand.Uint32())
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if err == nil {
			return &File{temporary: file, path: path}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, explain(path, err)
		}
	}
}

// Write appends data. Its error names the final path, not the temporary one.
func (f *File) Write(data []byte) (int, error) {
	n, err := f.temporary.Write(data)
	return n, explain(f.path, err)
}

// Commit makes the content durable and puts it in place of path. After an error path keeps its content.
func (f *File) Commit() error {
	if f.done {
		return nil
	}
	f.done = true
	err := f.temporary.Sync() // before the rename, else a crash could leave the new name on an empty file
	err = errors.Join(err, f.temporary.Close())
	if err == nil {
		err = os.Rename(f.temporary.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.temporary.Name())
		return explain(f.path, err)
	}
	return syncFolder(filepath.Dir(f.path))
}

// Abort drops the new version; path keeps its content.
func (f *File) Abort() {
	if !f.done {
		f.done = true
		f.temporary.Close()
		os.Remove(f.temporary.Name())
	}
}

// WriteFile replaces path by data, with permissions perm (before umask).
func WriteFile(path string, data []byte, perm os.FileMode) error {
	file, err := create(path, perm)
	if err != nil {
		return err
	}
	defer file.Abort()
	if _, err := file.Write(data); err != nil {
		return err
	}
	return file.Commit()
}

// syncFolder makes a rename durable. Some file systems cannot; their rename is as durable as it gets.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	d.Sync()
	return nil
}

// explain names the file that could not be written and says how to mend a full disk.
func explain(path string, err error) error {
	if err == nil {
		return nil
	}
	var onPath *fs.PathError
	var onRename *os.LinkError
	switch { // their paths are the temporary ones
	case errors.As(err, &onPath):
		err = onPath.Err
	case errors.As(err, &onRename):
		err = onRename.Err
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return hint.New("free some space and run the same command again; what was there before is intact",
			"cannot write %s: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return hint.New("make that folder first", "cannot write %s: there is no folder %s: %w", path, filepath.Dir(path), err)
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}

// temporary is the name of a file in the making, as create gives it.
var temporary = regexp.MustCompile(`^\.(.+)\.tmp-[0-9a-f]{8}$`)

// Temporary tells whether name, without a folder, is that of a file in the making, and what the finished one is called.
func Temporary(name string) (finished string, is bool) {
	parts := temporary.FindStringSubmatch(name)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}

// Clean removes the temporary files that a killed program left in a folder. Nobody else may be writing there.
func Clean(folder string) error {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if _, is := Temporary(entry.Name()); is {
			err = errors.Join(err, os.Remove(filepath.Join(folder, entry.Name())))
		}
	}
	return err
}
