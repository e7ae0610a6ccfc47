package folderlock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"mslora/internal/hint"
)

func TestLock(t *testing.T) {
	folder := t.TempDir()
	unlock, err := Lock(folder, "training")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Lock(folder, "fetching")
	if err == nil || err.Error() != "another program is fetching "+folder || !errors.Is(err, ErrLocked) {
		t.Errorf("locked twice: error %v", err)
	}
	var hinted *hint.Error
	if !errors.As(err, &hinted) || hinted.Hint == "" {
		t.Errorf("no hint in %v", err)
	}
	unlock()
	again, err := Lock(folder, "training")
	if err != nil {
		t.Fatalf("after unlocking: %v", err)
	}
	again()
	if _, err := Lock(folder+"/none", "training"); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
}

// NFS locks only files that are open for writing, and not every file system locks at all.
func TestLockReportsWhatTheSystemSays(t *testing.T) {
	folder := t.TempDir()
	for _, test := range []struct {
		errno  error
		locked bool
	}{{unix.EWOULDBLOCK, true}, {unix.EBADF, false}, {unix.EINVAL, false}, {unix.ENOLCK, false}, {unix.EOPNOTSUPP, false}} {
		_, err := lock(folder, "training", func(descriptor, _ int) error {
			flags, err := unix.FcntlInt(uintptr(descriptor), unix.F_GETFL, 0)
			if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
				t.Errorf("opened with flags %#x, want read and write; error %v", flags, err)
			}
			return test.errno
		})
		if errors.Is(err, ErrLocked) != test.locked || errors.Is(err, test.errno) == test.locked {
			t.Errorf("%v: error %v", test.errno, err)
		}
	}
}

// A call that a signal interrupts is made again.
func TestLockAfterSignal(t *testing.T) {
	calls := 0
	unlock, err := lock(t.TempDir(), "training", func(int, int) error {
		if calls++; calls < 3 {
			return unix.EINTR
		}
		return nil
	})
	if err != nil || calls != 3 {
		t.Fatalf("%d calls, error %v", calls, err)
	}
	unlock()
}

// A lock on a file that somebody removed keeps nobody out, so it is taken on the new one.
func TestLockOfRemovedFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, File)
	removed := false
	unlock, err := lock(folder, "training", func(descriptor, how int) error {
		if !removed {
			removed = true
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		return unix.Flock(descriptor, how)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := Lock(folder, "training"); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
}

// What is in the file, if a person has one of that name, stays.
func TestLockKeepsContent(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, File)
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	unlock, err := Lock(folder, "training")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if data, err := os.ReadFile(path); string(data) != "mine" {
		t.Errorf("content %q, error %v", data, err)
	}
}
