// Package atomicfile writes files so that a reader, or a run after a crash, sees either the old content or
// the new one, never a part: into a temporary file in the same folder, which is renamed when complete.
package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"mslora/internal/hint"
)

// File is a file in the making. Commit or Abort must be called; Abort after Commit does nothing.
type File struct {
	*os.File
	path string
	perm os.FileMode
	done bool
}

// Create starts a new version of path. The folder must exist.
func Create(path string) (*File, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return nil, explain(path, err)
	}
	return &File{File: file, path: path, perm: 0o644}, nil
}

// Write is os.File's; its error names the final path, not the temporary one.
func (f *File) Write(data []byte) (int, error) {
	n, err := f.File.Write(data)
	return n, explain(f.path, err)
}

// Commit makes the content durable and puts it in place of path.
func (f *File) Commit() error {
	if f.done {
		return nil
	}
	f.done = true
	err := errors.Join(f.File.Chmod(f.perm), f.File.Sync(), f.File.Close())
	if err == nil {
		err = os.Rename(f.File.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.File.Name())
		return explain(f.path, err)
	}
	return syncFolder(filepath.Dir(f.path))
}

// Abort drops the new version; path keeps its content.
func (f *File) Abort() {
	if !f.done {
		f.done = true
		f.File.Close()
		os.Remove(f.File.Name())
	}
}

// WriteFile replaces path by data, with permissions perm.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	file, err := Create(path)
	if err != nil {
		return err
	}
	file.perm = perm
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
	var cause *os.PathError
	if errors.As(err, &cause) {
		err = cause.Err // its path is the temporary one
	}
	err = fmt.Errorf("cannot write %s: %w", path, err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &hint.Error{Err: err, Hint: "free some space and run the same command again; what was there before is intact"}
	}
	return err
}
