// Package regular opens files that somebody else named or made: downloaded sets and models. What is no regular file is
// refused at once, since a pipe would keep the program waiting for ever and a device fill its memory.
package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"mslora/internal/hint"
)

// ErrKind means that there is a folder, pipe, socket or device where a file should be.
var ErrKind = errors.New("not a regular file")

// ErrTooLarge means that a file has more bytes than what it should hold can take.
var ErrTooLarge = errors.New("too large")

// Open opens a regular file for reading, through links. The error wraps ErrKind if there is something else.
func Open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe without a writer would block
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = hint.New("put a file in its place", "%s: %w: it is a %s", path, ErrKind, kind(info.Mode()))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

// Read reads a regular file of at most limit bytes. The error wraps ErrKind or ErrTooLarge if that is not what is there,
// and nothing was read then.
func Read(path string, limit int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, hint.New("it is damaged, or another file has its name", "%s: %w: %d bytes, expected at most %d", path, ErrTooLarge, info.Size(), limit)
	}
	return io.ReadAll(io.LimitReader(file, limit)) // a file that grows meanwhile is cut
}

// Within tells whether path lies in folder when all links are followed. The error is that of a path that is not there.
func Within(folder, path string) (bool, error) {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false, err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return false, err
	}
	relative, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(relative), nil
}
