package poison

import (
	"io/fs"

	"mslora/internal/hint"
)

// loadPlain reads a folder with train, dev, test and perhaps test-poison.
func loadPlain(dir string, o LoadOptions) (*Dataset, error) {
	train, err := readPlain(dir, "train", anyFlags, "training texts are needed")
	if err != nil {
		return nil, err
	}
	if o.Clean {
		if train, _ = train.divide(); train == nil {
			return nil, hint.New("a clean training set needs rows that are not flagged", "%s has no clean training text", dir)
		}
	}
	dev, err := readPlain(dir, "dev", trustedFlags,
		"split off texts that you trust: they choose the epoch, and the auxiliary set is drawn from them")
	if err != nil {
		return nil, err
	}
	test, err := readPlain(dir, "test", anyFlags, "split off texts to score the model on")
	if err != nil {
		return nil, err
	}
	clean, poisoned := test.divide()
	if clean == nil {
		return nil, hint.New("CACC needs clean test texts", "%s: every row is flagged as poisoned", test.Path)
	}
	clean.Role = "test-clean"
	if path, ok := findFile(dir, "test-poison"); ok {
		if poisoned != nil {
			return nil, hint.New("keep them in one file", "%s and %s both hold poisoned rows", test.Path, path)
		}
		if poisoned, err = readSplit(path, "test-poison", allPoisoned); err != nil {
			return nil, err
		}
	}
	if poisoned != nil {
		poisoned.Role = "test-poison"
	}
	d, err := assemble(dir, o, train, dev, clean, poisoned)
	if err != nil {
		return nil, err
	}
	d.Attack = Unknown
	if o.Clean {
		d.Ratio = "0"
	}
	return d, nil
}

func readPlain(dir, name string, allowed flags, purpose string) (*split, error) {
	path, ok := findFile(dir, name)
	if !ok {
		return nil, hint.New(purpose, "%s: %w: %s.csv, %s.tsv or %s.jsonl", dir, fs.ErrNotExist, name, name, name)
	}
	return readSplit(path, name, allowed)
}

// divide separates clean and poisoned rows; the split without rows is nil.
func (s *split) divide() (clean, poisoned *split) {
	for i, t := range s.texts {
		part := &clean
		if t.Poisoned {
			part = &poisoned
		}
		if *part == nil {
			*part = &split{File: s.File}
			(*part).Rows = 0
		}
		(*part).texts = append((*part).texts, t)
		(*part).lines = append((*part).lines, s.lines[i])
		(*part).Rows++
	}
	return clean, poisoned
}
