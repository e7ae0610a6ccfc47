package dataset

import (
	"io/fs"

	"mslora/internal/hint"
)

// locatePlain finds train, dev, test and perhaps test-poison.
func locatePlain(dir string, o LoadOptions) (Located, error) {
	l := Located{dir: dir, layout: PlainLayout, Name: NameOf(dir), Attack: Unknown}
	if o.clean() {
		l.Ratio = "0"
	}
	for _, part := range []struct{ name, purpose string }{
		{"train", "training texts are needed"},
		{"dev", "split off texts that you trust: they choose the epoch, and the auxiliary set is drawn from them"},
		{"test", "split off texts to score the model on"},
	} {
		path, err := FindPart(dir, part.name, part.purpose)
		if err != nil {
			return l, err
		}
		l.Files = append(l.Files, Place{part.name, path})
	}
	if path, ok := FindFile(dir, testPoison); ok {
		l.Files = append(l.Files, Place{testPoison, path})
	}
	return l, nil
}

// loadPlain reads a folder with train, dev, test and perhaps test-poison.
func loadPlain(l Located, o LoadOptions) (*Dataset, error) {
	train, err := ReadTraining(l.path("train"), "train", AnyFlags, o.Reading)
	if err != nil {
		return nil, err
	}
	if o.clean() {
		clean, poisoned := train.divide()
		switch {
		case clean == nil:
			return nil, hint.New("a clean training set needs rows that are not flagged", "%s has no clean training text", l.dir)
		case poisoned == nil:
			return nil, hint.New("a column poisoned, of 0 and 1, tells them apart", "%s: poison ratio 0 leaves poisoned rows out, but no row is flagged as poisoned", train.Path)
		}
		train = clean
	}
	dev, err := ReadSplit(l.path("dev"), "dev", TrustedFlags, o.Reading, train.Labels)
	if err != nil {
		return nil, err
	}
	test, err := ReadSplit(l.path("test"), "test", AnyFlags, o.Reading, train.Labels)
	if err != nil {
		return nil, err
	}
	clean, poisoned := test.divide()
	if clean == nil {
		return nil, hint.New("CACC needs clean test texts", "%s: every row is flagged as poisoned", test.Path)
	}
	clean.Role = "test-clean"
	if path := l.path(testPoison); path != "" {
		if poisoned != nil {
			return nil, hint.New("keep them in one file", "%s and %s both hold poisoned rows", test.Path, path)
		}
		if poisoned, err = ReadSplit(path, testPoison, AllPoisoned, o.Reading, train.Labels); err != nil {
			return nil, err
		}
	}
	if poisoned != nil {
		poisoned.Role = testPoison
	}
	return Assemble(l.dir, o, train, dev, clean, poisoned)
}

// FindPart looks for the file name in dir, with any of the extensions. Purpose is the hint of the error where it is missing.
func FindPart(dir, name, purpose string) (string, error) {
	path, ok := FindFile(dir, name)
	if !ok {
		return "", missingPart(dir, name, purpose)
	}
	return path, nil
}

func missingPart(dir, name, purpose string) error {
	return hint.New(purpose, "%s: %w: %s.csv, %s.tsv or %s.jsonl", dir, fs.ErrNotExist, name, name, name)
}

// divide separates clean and poisoned rows; the split without rows is nil.
func (s *Split) divide() (clean, poisoned *Split) {
	for i, t := range s.Texts {
		part := &clean
		if t.Poisoned {
			part = &poisoned
		}
		if *part == nil {
			*part = &Split{File: s.File, Labels: s.Labels}
			(*part).Rows = 0
		}
		(*part).Texts = append((*part).Texts, t)
		(*part).Lines = append((*part).Lines, s.Lines[i])
		(*part).Rows++
	}
	return clean, poisoned
}
