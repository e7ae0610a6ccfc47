package poison

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"mslora/dataset"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
)

// ErrExists means that another set is where one should be written.
var ErrExists = errors.New("another data set is there")

// Written is what Write did.
type Written struct {
	Folder   string // DIR/TARGET/ATTACK
	Record   Record
	Changed  bool // false: the same set was there already
	Replaced int  // files of another set that were replaced
}

// Write puts the set into dir/TARGET/ATTACK in the authors' layout, and poison.json beside the mixed training set.
// If one of the files is there with other content nothing is written and the error is ErrExists, unless force is
// given. Sets of other ratios, settings, attacks and targets can share dir; beside them it may hold nothing, else the error
// is ownfolder.ErrForeign. Program is recorded.
func (s *Set) Write(dir, program string, force bool) (Written, error) {
	folder := filepath.Join(dir, strconv.Itoa(s.Target), dataset.AttackFolder(s.Attack))
	mixed := filepath.Join(s.Setting, ratioFolder(s.Ratio))
	w := Written{Folder: folder, Record: Record{
		Program: program, Dataset: s.Name, Attack: s.Attack, Target: s.Target, Setting: s.Setting, Ratio: s.Ratio, Seed: s.Seed,
		Sources: s.Sources, Poisoned: dataset.Poisoned(s.Train) - dataset.Blank(s.Train),
	}}
	if s.Trigger.Phrases != nil {
		w.Record.Trigger = &s.Trigger
	}
	if _, err := SetFolder.Check(dir); err != nil {
		return Written{}, err
	}
	contents := map[string][]byte{} // of the files that are not there yet
	for _, part := range s.parts(mixed) {
		content := dataset.EncodeCSV(part.texts)
		w.Record.Files = append(w.Record.Files, dataset.File{
			Role: part.role, Path: filepath.ToSlash(part.path), SHA256: checksum(content),
			Rows: len(part.texts) - dataset.Blank(part.texts), Skipped: dataset.Blank(part.texts),
		})
		old, err := os.ReadFile(filepath.Join(folder, part.path))
		switch {
		case err == nil && bytes.Equal(old, content):
			continue
		case err == nil && !force:
			return Written{}, hint.New("choose another --out, or --force to replace it", "%s differs: %w", filepath.Join(folder, part.path), ErrExists)
		case err == nil:
			w.Replaced++
		case !errors.Is(err, fs.ErrNotExist):
			return Written{}, err
		}
		contents[part.path] = content
	}
	// The record comes last: where it is, the set is complete.
	record := filepath.Join(mixed, recordFile)
	if _, err := os.Stat(filepath.Join(folder, record)); err == nil && len(contents) == 0 {
		return w, nil
	}
	if err := SetFolder.Claim(dir); err != nil {
		return Written{}, err
	}
	if err := os.MkdirAll(filepath.Join(folder, mixed), 0o755); err != nil {
		return Written{}, fmt.Errorf("cannot make folder: %w", err)
	}
	for _, part := range s.parts(mixed) {
		if content, ok := contents[part.path]; ok {
			if err := atomicfile.WriteFile(filepath.Join(folder, part.path), content, 0o644); err != nil {
				return Written{}, err
			}
		}
	}
	encoded, err := json.MarshalIndent(w.Record, "", "  ")
	if err != nil {
		return Written{}, err
	}
	w.Changed = true
	return w, atomicfile.WriteFile(filepath.Join(folder, record), append(encoded, '\n'), 0o644)
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// part is one file of the authors' layout.
type part struct {
	path, role string
	texts      []dataset.Text
}

// parts gives the files of the set; mixed is the folder of the mixed training set.
func (s *Set) parts(mixed string) []part {
	return []part{
		{"train-clean.csv", "train-clean", s.TrainClean},
		{"train-poison.csv", "train-poison", s.TrainPoison},
		{"dev-clean.csv", "dev-clean", s.DevClean},
		{"dev-poison.csv", "dev-poison", s.DevPoison},
		{"test-clean.csv", "test-clean", s.TestClean},
		{"test-poison.csv", "test-poison", s.TestPoison},
		{filepath.Join(mixed, "train-poison.csv"), "train", s.Train},
	}
}
