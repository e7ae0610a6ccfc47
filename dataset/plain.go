package dataset

import (
	"io/fs"

	"mslora/internal/hint"
)

// loadPlain reads a folder with train, dev, test and perhaps test-poison.
func loadPlain(dir string, o LoadOptions) (*Dataset, error) {
	train, err := FindSplit(dir, "train", AnyFlags, "training texts are needed")
	if err != nil {
		return nil, err
	}
	if o.Clean {
		if train, _ = train.divide(); train == nil {
			return nil, hint.New("a clean training set needs rows that are not flagged", "%s has no clean training text", dir)
		}
	}
	dev, err := FindSplit(dir, "dev", TrustedFlags,
		"split off texts that you trust: they choose the epoch, and the auxiliary set is drawn from them")
	if err != nil {
		return nil, err
	}
	test, err := FindSplit(dir, "test", AnyFlags, "split off texts to score the model on")
	if err != nil {
		return nil, err
	}
	clean, poisoned := test.divide()
	if clean == nil {
		return nil, hint.New("CACC needs clean test texts", "%s: every row is flagged as poisoned", test.Path)
	}
	clean.Role = "test-clean"
	if path, ok := FindFile(dir, "test-poison"); ok {
		if poisoned != nil {
			return nil, hint.New("keep them in one file", "%s and %s both hold poisoned rows", test.Path, path)
		}
		if poisoned, err = ReadSplit(path, "test-poison", AllPoisoned); err != nil {
			return nil, err
		}
	}
	if poisoned != nil {
		poisoned.Role = "test-poison"
	}
	d, err := Assemble(dir, o, train, dev, clean, poisoned)
	if err != nil {
		return nil, err
	}
	d.Attack = Unknown
	if o.Clean {
		d.Ratio = "0"
	}
	return d, nil
}

// FindSplit looks for the file name in dir, with any of the extensions, and reads it as ReadSplit does. Purpose is the hint
// of the error where it is missing.
func FindSplit(dir, name string, allowed Flags, purpose string) (*Split, error) {
	path, ok := FindFile(dir, name)
	if !ok {
		return nil, hint.New(purpose, "%s: %w: %s.csv, %s.tsv or %s.jsonl", dir, fs.ErrNotExist, name, name, name)
	}
	return ReadSplit(path, name, allowed)
}

// divide separates clean and poisoned rows; the split without rows is nil.
func (s *Split) divide() (clean, poisoned *Split) {
	for i, t := range s.Texts {
		part := &clean
		if t.Poisoned {
			part = &poisoned
		}
		if *part == nil {
			*part = &Split{File: s.File}
			(*part).Rows = 0
		}
		(*part).Texts = append((*part).Texts, t)
		(*part).Lines = append((*part).Lines, s.Lines[i])
		(*part).Rows++
	}
	return clean, poisoned
}
