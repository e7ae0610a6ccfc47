package folderlock

import (
	"errors"
	"io/fs"
	"testing"
)

func TestLock(t *testing.T) {
	folder := t.TempDir()
	unlock, err := Lock(folder, "training")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(folder, "fetching"); err == nil || err.Error() != "another program is fetching "+folder {
		t.Errorf("locked twice: error %v", err)
	}
	unlock()
	again, err := Lock(folder, "training")
	if err != nil {
		t.Fatalf("after unlocking: %v", err)
	}
	again()
	if _, err := Lock(folder+"/none", "training"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
