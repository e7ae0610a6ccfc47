package poison

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mslora/dataset"
	"mslora/internal/hint"
)

// CheckOptions narrows what Check looks at. Zero values: everything that is there.
type CheckOptions struct {
	Attack  string
	Target  *int // of a plain folder: 1 if nil
	Setting string
	Ratio   string  // of a plain folder: the share that should be poisoned
	Trigger Trigger // instead of the one that poison.json or the attack names
}

// Report is what Check found in a folder.
type Report struct {
	Sets []SetStatistics `json:"sets"`
	// Problems make a set other than it says, or unfit to train and score on; Warnings do not, for example texts
	// that occur twice or paraphrases that are missing. Each is one line that names its file.
	Problems []string `json:"problems"`
	Warnings []string `json:"warnings"`
}

// SetStatistics describes one training set as the paper's table 5 does, with the poisoned texts counted.
type SetStatistics struct {
	Dataset   string  `json:"dataset"`
	Attack    string  `json:"attack"`
	Target    int     `json:"target"`
	Setting   string  `json:"setting,omitempty"` // empty: a plain folder, or clean texts alone
	Ratio     string  `json:"ratio,omitempty"`
	Classes   int     `json:"classes"`
	Train     int     `json:"train"` // texts, poisoned ones among them
	Test      int     `json:"test"`  // clean ones
	Dev       int     `json:"dev"`   // clean ones
	MeanWords float64 `json:"mean_words"`
	// Poisoned texts, without blank ones.
	PoisonedTrain int `json:"poisoned_train"`
	PoisonedTest  int `json:"poisoned_test"`
	PoisonedDev   int `json:"poisoned_dev"`
}

// Check reads the data sets in dir, in either layout of dataset.Load, and compares them with what they should be:
// flags, labels, how many texts and which ones are poisoned, the trigger, the relation between clean and poisoned
// files, checksums in poison.json, and texts that are there twice. An error means that there is nothing to check.
func Check(dir string, o CheckOptions) (*Report, error) {
	if o.Attack != "" {
		attack, err := dataset.ParseAttack(o.Attack)
		if err != nil {
			return nil, err
		}
		o.Attack = attack
	}
	if err := dataset.ParseSetting(o.Setting); err != nil {
		return nil, err
	}
	if o.Ratio != "" {
		if _, err := dataset.ParseRatio(o.Ratio); err != nil {
			return nil, err
		}
	}
	targets := targetFolders(dir)
	if o.Target != nil {
		targets = []int{*o.Target}
	}
	if len(targets) == 0 {
		targets = []int{1}
	}
	layout, err := dataset.FindLayout(dir, targets[0])
	if err != nil {
		return nil, err
	}
	c := &checker{
		dir: dir, CheckOptions: o, seen: map[string]bool{}, limits: map[string]limit{},
		Report: Report{Sets: []SetStatistics{}, Problems: []string{}, Warnings: []string{}}, // [] in JSON, not null
	}
	if layout == dataset.PlainLayout {
		c.plain(targets[0])
		return &c.Report, nil
	}
	for _, target := range targets {
		if err := c.release(target); err != nil {
			return nil, err
		}
	}
	if c.mixed == 0 && len(c.Problems) == 0 {
		c.problem(dir, "there is no mixed training set SETTING/RATIO/train-poison.csv%s to train on", c.wanted())
	}
	return &c.Report, nil
}

// checker collects a Report.
type checker struct {
	Report
	CheckOptions
	dir    string
	mixed  int              // mixed training sets found
	seen   map[string]bool  // clean files, by checksums, whose duplicates are reported already
	limits map[string]limit // by path, of the files that records list
}

func (c *checker) problem(path, format string, arguments ...any) {
	c.Problems = append(c.Problems, path+": "+fmt.Sprintf(format, arguments...))
}

func (c *checker) warn(path, format string, arguments ...any) {
	c.Warnings = append(c.Warnings, path+": "+fmt.Sprintf(format, arguments...))
}

// broken takes an error of reading as a problem. Its text names the file.
func (c *checker) broken(err error) { c.Problems = append(c.Problems, err.Error()) }

// wanted names the restrictions on mixed sets, for messages.
func (c *checker) wanted() string {
	text := ""
	if c.Setting != "" {
		text += " of setting " + c.Setting
	}
	if c.Ratio != "" {
		text += " of ratio " + c.Ratio
	}
	return text
}

// targetFolders gives the folders named by a label.
func targetFolders(dir string) (targets []int) {
	entries, _ := os.ReadDir(dir) // findLayout has the error
	for _, entry := range entries {
		if label, err := strconv.Atoi(entry.Name()); err == nil && entry.IsDir() {
			targets = append(targets, label)
		}
	}
	slices.Sort(targets)
	return targets
}

// release checks the attack folders of one target label.
func (c *checker) release(target int) error {
	parent := filepath.Join(c.dir, strconv.Itoa(target))
	checked := 0
	for _, attack := range dataset.Attacks {
		if c.Attack != "" && attack != c.Attack {
			continue
		}
		folder := filepath.Join(parent, dataset.AttackFolder(attack))
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			c.attackFolder(folder, attack, target)
			checked++
		}
	}
	if checked > 0 {
		return nil
	}
	if c.Attack != "" {
		return hint.New("attacks are "+strings.Join(dataset.Attacks, ", "), "attack folder %s: %w", filepath.Join(parent, dataset.AttackFolder(c.Attack)), fs.ErrNotExist)
	}
	var folders []string
	for _, attack := range dataset.Attacks {
		folders = append(folders, dataset.AttackFolder(attack))
	}
	return hint.New("attack folders are "+strings.Join(folders, ", "), "%s has no attack folder", parent)
}

// read gives a file's rows, or nil if it is absent or broken; broken is a problem. A file that lies elsewhere, or is larger
// than its record allows, is not read.
func (c *checker) read(path, role string, allowed dataset.Flags) *dataset.Split {
	if !c.inside(path) {
		return nil
	}
	if most, ok := c.limits[path]; ok {
		if info, err := os.Stat(path); err == nil && info.Size() > most.bytes {
			c.problem(path, "it has %d bytes, more than the rows that %s lists can have", info.Size(), most.record)
			return nil
		}
	}
	s, err := dataset.ReadSplit(path, role, allowed, dataset.Reading{Uncompressed: true}, nil)
	switch {
	case err == nil:
		return s
	case !errors.Is(err, fs.ErrNotExist):
		c.broken(err)
	}
	return nil
}

// plain checks a folder with train, dev, test and perhaps test-poison.
func (c *checker) plain(target int) {
	d, err := dataset.Load(c.dir, dataset.LoadOptions{Target: target, Reading: dataset.Reading{Uncompressed: true}})
	if err != nil {
		c.broken(err)
		return
	}
	paths := map[string]string{}
	for _, file := range d.Files {
		paths[file.Role] = file.Path
		if file.Skipped > 0 {
			c.warn(file.Path, blankRows, file.Skipped)
		}
	}
	c.mixed++
	train := paths["train"]
	poisoned := dataset.Poisoned(d.Train)
	c.targetLabels(train, d.Train, target)
	if c.Ratio != "" {
		c.share(train, len(d.Train), poisoned, c.Ratio)
	}
	if trigger := c.trigger(c.Attack, nil); trigger.Insertions > 0 {
		c.triggers(train, d.Train, trigger)
		c.triggers(paths["test-poison"], d.TestPoison, trigger)
	}
	c.duplicates([]namedTexts{{train, d.Train}, {paths["dev"], d.Dev}, {paths["test-clean"], d.TestClean}})
	c.Sets = append(c.Sets, SetStatistics{
		Dataset: d.Name, Attack: dataset.Unknown, Target: target, Classes: d.Classes,
		Train: len(d.Train), Test: len(d.TestClean), Dev: len(d.Dev), MeanWords: meanWords(d.Train),
		PoisonedTrain: poisoned, PoisonedTest: len(d.TestPoison),
	})
}
