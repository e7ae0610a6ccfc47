package poison

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mslora/dataset"
	"mslora/internal/hint"
	"mslora/internal/regular"
)

// recordFile lies beside a mixed training set and says how it was made.
const recordFile = "poison.json"

// What a record may take: bytes of poison.json, and rows of a file that it lists. Both are far beyond any real set.
const (
	longestRecord = 1 << 20
	mostRows      = 1 << 31
)

// Record is what poison.json beside a mixed training set says: how to make the set again.
type Record struct {
	Program  string         `json:"program"` // name and version
	Dataset  string         `json:"dataset"`
	Attack   string         `json:"attack"`
	Trigger  *Trigger       `json:"trigger,omitempty"` // of the inserting attacks
	Target   int            `json:"target"`
	Setting  string         `json:"setting"`
	Ratio    float64        `json:"ratio"`
	Seed     uint64         `json:"seed"`
	Sources  []dataset.File `json:"sources"`  // on the machine where the set was made; they are never opened
	Files    []dataset.File `json:"files"`    // paths from TARGET/ATTACK on
	Poisoned int            `json:"poisoned"` // texts of the mixed training set, without blank ones
}

// readRecord reads poison.json, strictly: it may come from anywhere.
func readRecord(path string) (*Record, error) {
	data, err := regular.Read(path, longestRecord)
	if err != nil {
		return nil, err
	}
	r, err := parseRecord(data)
	if err != nil {
		return nil, fmt.Errorf("%s: not the record of a set: %w", path, err)
	}
	return r, nil
}

// parseRecord accepts only what Write can have written. Every path in Files is local, clean and there once.
func parseRecord(data []byte) (*Record, error) {
	var r Record
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("it goes on after its JSON object")
	}
	return &r, r.validate()
}

func (r *Record) validate() error {
	switch {
	case !slices.Contains(dataset.Attacks, r.Attack):
		return fmt.Errorf("attack is %s, expected one of %s", hint.Quote(r.Attack), strings.Join(dataset.Attacks, ", "))
	case !slices.Contains(dataset.Settings, r.Setting):
		return fmt.Errorf("setting is %s, expected one of %s", hint.Quote(r.Setting), strings.Join(dataset.Settings, ", "))
	case r.Target < 0:
		return fmt.Errorf("target is %d, expected a label from 0", r.Target)
	case !(r.Ratio > 0 && r.Ratio <= 1):
		return fmt.Errorf("ratio is %v, expected above 0 and at most 1", r.Ratio)
	case r.Trigger != nil && dataset.NeedsParaphrases(r.Attack):
		return fmt.Errorf("there is a trigger, but %s paraphrases", r.Attack)
	case len(r.Files) == 0:
		return errors.New("files lists no file")
	case r.Poisoned < 0 || r.Poisoned > mostRows:
		return fmt.Errorf("poisoned is %d, expected a number of texts", r.Poisoned)
	}
	if r.Trigger != nil {
		if err := r.Trigger.validate(); err != nil {
			return err
		}
	}
	for i, source := range r.Sources {
		if err := checkFile(source); err != nil {
			return fmt.Errorf("sources[%d]: %w", i, err)
		}
	}
	seen := map[string]bool{}
	for i, file := range r.Files {
		err := checkFile(file)
		switch {
		case err != nil:
		case !filepath.IsLocal(filepath.FromSlash(file.Path)):
			err = fmt.Errorf("path %s leads out of the set's folder", hint.Quote(file.Path))
		case path.Clean(file.Path) != file.Path:
			err = fmt.Errorf("path %s is not in its shortest form", hint.Quote(file.Path))
		case seen[file.Path]:
			err = fmt.Errorf("path %s is there twice", hint.Quote(file.Path))
		}
		if err != nil {
			return fmt.Errorf("files[%d]: %w", i, err)
		}
		seen[file.Path] = true
	}
	return nil
}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

func checkFile(f dataset.File) error {
	switch {
	case f.Path == "":
		return errors.New("it has no path")
	case !sha256Form.MatchString(f.SHA256):
		return fmt.Errorf("sha256 is %s, expected 64 hexadecimal digits", hint.Quote(f.SHA256))
	case f.Rows < 0 || f.Rows > mostRows:
		return fmt.Errorf("rows is %d, expected a number of rows", f.Rows)
	case f.Skipped < 0 || f.Skipped > mostRows:
		return fmt.Errorf("skipped is %d, expected a number of rows", f.Skipped)
	}
	return nil
}

// mostBytes is the largest size that a file with these rows can have: with its header, and each row as long as readers
// allow.
func mostBytes(f dataset.File) int64 { return int64(f.Rows+f.Skipped+1) * dataset.LongestRow }
