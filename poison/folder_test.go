package poison

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mslora/dataset"
	"mslora/internal/ownfolder"
)

// Sets of a version that left no marker are known by the records in them; the authors' release has none.
func TestSetFolderRecognises(t *testing.T) {
	dir := t.TempDir()
	o := MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.3, Seed: 42}
	writeSet(t, makeSet(t, reviews, o), dir, false)
	marker := filepath.Join(dir, ownfolder.Marker)
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}
	o.Ratio = 0.5
	writeSet(t, makeSet(t, reviews, o), dir, false)
	if _, err := os.Stat(marker); err != nil {
		t.Error(err)
	}
	theirs := filepath.Join(dir, "1/addsent/dev-clean.csv")
	if err := errors.Join(os.Remove(marker), os.Mkdir(filepath.Dir(theirs), 0o755), os.WriteFile(theirs, []byte("theirs"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := SetFolder.Check(dir); !errors.Is(err, ownfolder.ErrForeign) {
		t.Errorf("error %v", err)
	}
}

// A set is not written beside what is not one, whatever the force.
func TestWriteSparesOthers(t *testing.T) {
	dir := t.TempDir()
	o := MakeOptions{Attack: dataset.BadNets, Target: 1, Ratio: 0.3, Seed: 42}
	writeSet(t, makeSet(t, reviews, o), dir, false)
	if err := os.WriteFile(filepath.Join(dir, "1/badnets/notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	o.Seed = 43
	if _, err := makeSet(t, reviews, o).Write(dir, "mslora test", true); !errors.Is(err, ownfolder.ErrForeign) {
		t.Errorf("error %v", err)
	}
}
