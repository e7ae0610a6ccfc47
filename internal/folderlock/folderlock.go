// Package folderlock keeps two programs from writing one folder at the same time.
package folderlock

import (
	"os"

	"golang.org/x/sys/unix"

	"mslora/internal/hint"
)

// Lock locks a folder until unlock is called or the program ends, however it ends. If another program has it, the error
// says that it is doing something to the folder, for example "training".
func Lock(folder, doing string) (unlock func(), err error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, hint.New("wait for it, or give another --out", "another program is %s %s", doing, folder)
	}
	return func() { file.Close() }, nil
}
