package poison

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mslora/dataset"
	"mslora/internal/hint"
)

// Source holds the clean texts that Make poisons.
type Source struct {
	Name             string
	Classes          int
	Labels           []string // names of the classes; nil where the files number them
	Train, Dev, Test []dataset.Text
	Files            []dataset.File
	Rejected         *dataset.Rejected // rows that were left out; nil if none were to be

	// Poisoned texts that are there already, for the paraphrasing attacks only: TrainPoison row by row those of
	// Train. Blank ones, which the paraphrasers left, are kept so that rows stay in step.
	TrainPoison, DevPoison, TestPoison []dataset.Text

	reading  dataset.Reading
	division []int // of a single file: to which of train, dev and test each row went
}

// SourceOptions says what the texts are read for.
type SourceOptions struct {
	Attack string
	Target int
	Seed   uint64 // divides a single file
	// Paraphrases of the texts, for the paraphrasing attacks: a folder with train, dev and test, or a file where the
	// texts are one file. Empty: those that a folder in the authors' layout has.
	Paraphrases string
	Reading     dataset.Reading
}

// ReadSource reads clean texts from path: a folder in the authors' layout (of whatever attack; for a paraphrasing
// attack, target and attack say where its poisoned texts are), a plain folder, or a single file, of which ReadSource
// makes dev and test sets of a tenth of each class each, drawn by seed.
func ReadSource(path string, o SourceOptions) (*Source, error) {
	attack, err := dataset.ParseAttack(o.Attack)
	if err != nil {
		return nil, err
	}
	_, inserts := FindTrigger(attack)
	if inserts && o.Paraphrases != "" {
		return nil, hint.New("paraphrases are for hiddenkiller and stylebkd", "attack %s inserts a trigger and does not paraphrase", attack)
	}
	o.Reading = o.Reading.Collecting()
	info, err := os.Stat(path)
	if err != nil {
		return nil, hint.New("give a data set folder or a file with text and label", "%s: %w", path, fs.ErrNotExist)
	}
	if !info.IsDir() {
		s, err := readSingle(path, o)
		if err == nil && o.Paraphrases != "" {
			err = s.readParaphrases(o.Paraphrases, o.Target)
		}
		return s, err
	}
	folder, names := path, []string{"train", "dev", "test"}
	if _, plain := dataset.FindFile(path, "train"); !plain {
		names = []string{"train-clean", "dev-clean", "test-clean"}
		if folder, err = findClean(path, attack, o.Target); err != nil {
			return nil, err
		}
	}
	var parts [3]*dataset.Split
	for i, name := range names {
		file, err := dataset.FindPart(folder, name, "poisoning needs clean train, dev and test texts")
		if err != nil {
			return nil, err
		}
		if i == 0 {
			parts[i], err = dataset.ReadTraining(file, name, dataset.NotYetFlagged, o.Reading)
		} else {
			parts[i], err = dataset.ReadSplit(file, name, dataset.NotYetFlagged, o.Reading, parts[0].Labels)
		}
		if err != nil {
			return nil, err
		}
	}
	s, err := newSource(dataset.NameOf(path), o.Reading, parts[0], parts[1], parts[2])
	if err != nil {
		return nil, err
	}
	switch {
	case inserts:
		return s, nil
	case o.Paraphrases != "":
		return s, s.readParaphrases(o.Paraphrases, o.Target)
	}
	return s, s.readPoisoned(folder, o.Target)
}

// findClean looks for a TARGET/ATTACK folder with clean texts. They are the same in each; the one of the target and
// attack is preferred because it also has that attack's paraphrases.
func findClean(dir, attack string, target int) (string, error) {
	folders, err := fs.Glob(os.DirFS(dir), "*/*")
	if err != nil {
		return "", err
	}
	for _, folder := range append([]string{filepath.Join(strconv.Itoa(target), dataset.AttackFolder(attack))}, folders...) {
		folder = filepath.Join(dir, folder)
		complete := true
		for _, name := range []string{"train-clean", "dev-clean", "test-clean"} {
			_, ok := dataset.FindFile(folder, name)
			complete = complete && ok
		}
		if complete {
			return folder, nil
		}
	}
	return "", hint.New("a folder needs train, dev and test files, or TARGET/ATTACK folders with train-clean.csv, dev-clean.csv and test-clean.csv",
		"%s has no clean texts to poison", dir)
}

func newSource(name string, reading dataset.Reading, train, dev, test *dataset.Split) (*Source, error) {
	classes, err := train.CountClasses()
	if err != nil {
		return nil, err
	}
	s := &Source{Name: name, Classes: classes, Labels: train.Labels, Rejected: reading.Rejected, reading: reading, Train: train.Texts, Dev: dev.Texts, Test: test.Texts}
	for _, part := range []*dataset.Split{train, dev, test} {
		if err := part.CheckClasses(classes); err != nil {
			return nil, err
		}
		if part.Path != train.Path || part == train { // one entry for a single file
			s.Files = append(s.Files, part.File)
		}
	}
	return s, nil
}

// readSingle divides the texts of one file: of each class a tenth for dev, a tenth for test, the rest for train.
func readSingle(path string, o SourceOptions) (*Source, error) {
	all, err := dataset.ReadTraining(path, "source", dataset.NotYetFlagged, o.Reading)
	if err != nil {
		return nil, err
	}
	classes, err := all.CountClasses()
	if err != nil {
		return nil, err
	}
	part, err := dataset.DrawTenths(all.Texts, classes, 2, o.Seed, strconv.Itoa) // 0 train, 1 dev, 2 test
	if err != nil {
		return nil, hint.New("add texts, or give a folder with train, dev and test files", "%s: %w", path, err)
	}
	var parts [3]*dataset.Split
	for i := range parts {
		parts[i] = &dataset.Split{File: all.File, Labels: all.Labels}
	}
	for i, t := range all.Texts {
		p := parts[part[i]]
		p.Texts, p.Lines = append(p.Texts, t), append(p.Lines, all.Lines[i])
	}
	s, err := newSource(strings.TrimSuffix(dataset.NameOf(path), filepath.Ext(path)), o.Reading, parts[0], parts[1], parts[2])
	if err == nil {
		s.division = part
	}
	return s, err
}
