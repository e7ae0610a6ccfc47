package dataset

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"mslora/internal/hint"
)

// LoadOptions chooses what Load reads.
type LoadOptions struct {
	// Attack is one of Attacks; a plain folder ignores it.
	Attack string
	// Target is the target label.
	Target int
	// Setting is clean, dirty or mix. Empty: the one that the folder has; if it has several, DefaultSetting.
	Setting string
	// Ratio is the poison ratio; empty: 0.1. It is compared as a number, so 0.1 finds the folder 0.10. With 0 the clean training
	// texts are trained on: the model that was never poisoned.
	Ratio string
	// Limit keeps that many training texts, chosen by Subset; 0: all.
	Limit int
	// Classes is the number of classes; 0: the largest training label + 1.
	Classes int
	// Reading says how the files are to be read.
	Reading Reading
}

// clean tells whether the clean training texts are asked for.
func (o LoadOptions) clean() bool { return NeverPoisoned(o.Ratio) }

// NeverPoisoned tells whether a poison ratio is 0, however it is written.
func NeverPoisoned(ratio string) bool {
	number, err := strconv.ParseFloat(ratio, 64)
	return err == nil && number == 0
}

// DefaultRatio is the paper's poison ratio.
const DefaultRatio = "0.1"

// Load reads a data set from dir, which has one of two layouts.
//
// The authors' release: dir/TARGET/ATTACK holds train-clean.csv, dev-clean.csv, test-clean.csv and
// test-poison.csv, and SETTING/RATIO/train-poison.csv, the mixed training set. (A train-poison.csv beside
// train-clean.csv holds every training text poisoned and is not trained on.) A poisoned row has the target
// label, in the training and in the test file: the true label is lost, which ASR does not need, since the test
// file holds only texts that were not of the target label.
//
// A plain folder: train, dev, test and, if known, test-poison, each .csv, .tsv or .jsonl with text, label and, if
// known, poisoned. Flagged rows of test are its poisoned copies if there is no test-poison. Where poisoned test
// rows have different labels these are the true ones, and rows of the target label are left out, as ASR is
// defined on the others.
//
// Both layouts may use either file format; docs/data.md describes them. A row that cannot be used is an error
// that names its file and line; Load never guesses. The one exception: blank poisoned rows, which the authors'
// files have, are skipped and counted in File.Skipped.
func Load(dir string, o LoadOptions) (*Dataset, error) {
	located, err := Locate(dir, o)
	if err != nil {
		return nil, err
	}
	o.Reading = o.Reading.Collecting()
	var d *Dataset
	if located.layout == PlainLayout {
		d, err = loadPlain(located, o)
	} else {
		d, err = loadRelease(located, o)
	}
	if err != nil {
		return nil, err
	}
	d.Attack, d.Setting, d.Ratio, d.Rejected = located.Attack, located.Setting, located.Ratio, o.Reading.Rejected
	if o.Limit > 0 {
		d.Train = Subset(d.Train, o.Limit)
	}
	return d, nil
}

// Layout is how the files of a set lie in its folder.
type Layout int

const (
	PlainLayout   Layout = iota // train, dev and test files
	ReleaseLayout               // the authors' TARGET/ATTACK folders
)

// FindLayout tells the layouts apart: a plain folder has a train file, the authors' has folders named by target
// label. Folders inside the authors' layout are a likely slip and get a hint.
func FindLayout(dir string, target int) (Layout, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, hint.New("give the folder of a data set", "data set folder %s: %w", dir, fs.ErrNotExist)
	}
	if !info.IsDir() {
		return 0, hint.New("give its folder; it needs train, dev and test files", "%s is a file, expected a data set folder", dir)
	}
	if _, ok := FindFile(dir, "train"); ok {
		return PlainLayout, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	labels := ""
	for _, entry := range entries {
		name := entry.Name()
		if _, err := ParseAttack(name); err == nil && entry.IsDir() {
			return 0, hint.New("give "+above(dir, 1), "%s is a folder inside a data set", dir)
		}
		if name == "train-clean.csv" || name == "dev-clean.csv" {
			return 0, hint.New("give "+above(dir, 2), "%s is a folder inside a data set", dir)
		}
		if label, err := strconv.Atoi(name); err == nil && entry.IsDir() {
			if label == target {
				return ReleaseLayout, nil
			}
			labels = name
		}
	}
	if labels != "" {
		return 0, hint.New("choose the target label with --target "+labels, "%s has no folder for target label %d", dir, target)
	}
	return 0, hint.New("a data set is a folder with train, dev and test files (.csv, .tsv or .jsonl) or with TARGET/ATTACK folders",
		"%s does not look like a data set", dir)
}

func above(dir string, levels int) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "the data set folder"
	}
	for range levels {
		absolute = filepath.Dir(absolute)
	}
	return absolute
}

// FindFile looks in dir for the data file name with any extension that data files have.
func FindFile(dir, name string) (string, bool) {
	for _, extension := range extensions {
		for _, compression := range []string{"", ".gz", ".zst"} {
			path := filepath.Join(dir, name+extension+compression)
			if _, err := os.Stat(path); err == nil {
				return path, true
			}
		}
	}
	return "", false
}

// Assemble checks the splits against each other and puts them into a data set, named by its folder dir. testPoison may be
// nil. Of the options it takes Target and Classes.
func Assemble(dir string, o LoadOptions, train, dev, testClean, testPoison *Split) (*Dataset, error) {
	classes := o.Classes
	if classes == 0 {
		var err error
		if classes, err = train.CountClasses(); err != nil {
			return nil, err
		}
	}
	warnOfOverlaps(train, dev, testClean)
	d := &Dataset{Name: NameOf(dir), Target: o.Target, Classes: classes, Labels: train.Labels}
	if o.Target >= classes {
		return nil, hint.New("choose another --target", "%s: target label %d is out of range, expected 0 to %d", dir, o.Target, classes-1)
	}
	for _, s := range []*Split{train, dev, testClean, testPoison} {
		if s == nil {
			continue
		}
		if err := s.CheckClasses(classes); err != nil {
			return nil, err
		}
		d.Files = append(d.Files, s.File)
	}
	d.Train, d.Dev, d.TestClean = train.Texts, dev.Texts, testClean.Texts
	if testPoison != nil {
		d.TestPoison = withoutTarget(testPoison.Texts, o.Target)
	}
	return d, nil
}

// withoutTarget drops poisoned test texts whose true label is the target. Where all have the target label it is
// the one the attacker gave them.
func withoutTarget(texts []Text, target int) []Text {
	if others := WithoutLabel(texts, target); len(others) > 0 {
		return others
	}
	return texts
}

// NameOf gives the name of the data set in a folder: the last part of its absolute path.
func NameOf(dir string) string {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return filepath.Base(dir)
	}
	return filepath.Base(absolute)
}
