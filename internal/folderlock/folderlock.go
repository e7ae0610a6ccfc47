// Package folderlock keeps two programs from writing one folder at the same time.
package folderlock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"mslora/internal/hint"
)

// File is the name of the file in a folder that is locked. It is empty and stays behind: whoever removed it could take
// it from under another program that has just opened it.
const File = ".lock"

// ErrLocked means that another program has the folder. Lock's error is one of errors.Is then.
var ErrLocked = errors.New("another program has the folder")

// lockedError says what another program is doing to a folder.
type lockedError struct{ doing, folder string }

func (e lockedError) Error() string {
	return fmt.Sprintf("another program is %s %s", e.doing, e.folder)
}

func (lockedError) Is(target error) bool { return target == ErrLocked }

// Lock locks a folder, which must exist, until unlock is called or the program ends, however it ends. If another program
// has it, the error is ErrLocked and says that it is doing something to the folder, for example "training".
func Lock(folder, doing string) (unlock func(), err error) { return lock(folder, doing, unix.Flock) }

// Held tells whether another program has a folder now. It makes no lock file.
func Held(folder string) bool {
	file, err := os.OpenFile(filepath.Join(folder, File), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// lock locks with flock. Over NFS the system turns it into a lock of bytes, which needs a file open for writing; a folder
// cannot be opened so.
func lock(folder, doing string, flock func(descriptor, how int) error) (unlock func(), err error) {
	path := filepath.Join(folder, File)
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		err = flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		for err == unix.EINTR {
			err = flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		}
		if err != nil {
			file.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, &hint.Error{Err: lockedError{doing, folder}, Hint: "wait for it, or give another --out"}
			}
			return nil, hint.New("the file system must lock files; give an --out on one that does", "cannot lock %s: %w", path, err)
		}
		if still(file, path) {
			return func() { file.Close() }, nil
		}
		file.Close() // the folder was removed and made anew in between
	}
}

// still tells whether path is the open file.
func still(file *os.File, path string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(open, named)
}
