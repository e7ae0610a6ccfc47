package poison

import (
	"math"
	"os"
	"path/filepath"
	"strconv"

	"mslora/dataset"
)

// attackSet holds the files of TARGET/ATTACK; those that are absent are nil.
type attackSet struct {
	folder, attack                     string
	target                             int
	trainClean, devClean, testClean    *dataset.Split
	trainPoison, devPoison, testPoison *dataset.Split
}

// attackFile is one of the files that an attack's folder holds once, whatever training sets are below it.
type attackFile struct {
	name    string
	allowed dataset.Flags
	split   **dataset.Split
}

func (a *attackSet) files() []attackFile {
	return []attackFile{
		{"train-clean", dataset.AllClean, &a.trainClean}, {"dev-clean", dataset.TrustedFlags, &a.devClean}, {"test-clean", dataset.AllClean, &a.testClean},
		{"train-poison", dataset.KeepBlank, &a.trainPoison}, {"dev-poison", dataset.KeepBlank, &a.devPoison}, {"test-poison", dataset.KeepBlank, &a.testPoison},
	}
}

// attackFolder checks TARGET/ATTACK and each mixed training set below it. Records are read first: they say how large the
// files may be.
func (c *checker) attackFolder(folder, attack string, target int) {
	a := &attackSet{folder: folder, attack: attack, target: target}
	problems := len(c.Problems)
	mixed := c.mixedFolders(a)
	for _, m := range mixed {
		c.limit(a, m)
	}
	for _, file := range a.files() {
		*file.split = c.read(filepath.Join(folder, file.name+".csv"), file.name, file.allowed)
	}
	c.cleanDuplicates(a)
	mixed = c.mixedFiles(mixed)
	if len(c.Problems) > problems {
		return // what follows compares these files
	}
	for _, file := range mixed {
		c.mixedSet(a, file)
	}
	trigger := c.trigger(attack, firstRecord(mixed))
	for _, pair := range []struct{ clean, poisoned *dataset.Split }{
		{a.trainClean, a.trainPoison}, {withoutLabel(a.devClean, target), a.devPoison}, {withoutLabel(a.testClean, target), a.testPoison},
	} {
		if pair.poisoned != nil {
			c.poisonedFile(pair.poisoned, pair.clean, trigger, target)
		}
	}
	if len(mixed) == 0 {
		c.cleanOnly(a)
	}
}

// mixedFile is one SETTING/RATIO/train-poison.csv.
type mixedFile struct {
	folder, setting, ratio string
	texts                  *dataset.Split
	record                 *Record // poison.json beside it; nil if there is none
}

func (m mixedFile) recordPath() string { return filepath.Join(m.folder, recordFile) }

func firstRecord(mixed []mixedFile) *Record {
	for _, m := range mixed {
		if m.record != nil {
			return m.record
		}
	}
	return nil
}

// mixedFolders finds the folders of mixed training sets below an attack's, and reads their records.
func (c *checker) mixedFolders(a *attackSet) (found []mixedFile) {
	for _, setting := range dataset.Settings {
		if c.Setting != "" && setting != c.Setting {
			continue
		}
		entries, _ := os.ReadDir(filepath.Join(a.folder, setting)) // an absent folder has no entries
		for _, entry := range entries {
			ratio, err := dataset.ParseRatio(entry.Name())
			if wanted, _ := strconv.ParseFloat(c.Ratio, 64); err != nil || c.Ratio != "" && ratio != wanted {
				continue
			}
			m := mixedFile{folder: filepath.Join(a.folder, setting, entry.Name()), setting: setting, ratio: entry.Name()}
			if c.inside(m.recordPath()) {
				if m.record, err = readRecord(m.recordPath()); err != nil {
					c.broken(err)
				}
			}
			found = append(found, m)
		}
	}
	return found
}

// mixedFiles reads the training sets of the folders that have one.
func (c *checker) mixedFiles(folders []mixedFile) (found []mixedFile) {
	for _, m := range folders {
		if m.texts = c.read(filepath.Join(m.folder, "train-poison.csv"), "train", dataset.AnyFlags); m.texts != nil {
			found = append(found, m)
		}
	}
	c.mixed += len(found)
	return found
}

// mixedSet checks a training set against its folder's name and the clean and poisoned texts it was mixed from.
func (c *checker) mixedSet(a *attackSet, m mixedFile) {
	path := m.texts.Path
	if m.record != nil {
		c.sums(a, m)
	}
	if m.texts.Skipped > 0 {
		c.warn(path, blankRows, m.texts.Skipped)
	}
	missing := false
	for _, file := range []struct {
		name string
		s    *dataset.Split
	}{{"dev-clean.csv", a.devClean}, {"test-clean.csv", a.testClean}, {"test-poison.csv", a.testPoison}} {
		if file.s == nil {
			c.problem(filepath.Join(a.folder, file.name), "file does not exist, but training on %s needs it", path)
			missing = true
		}
	}
	if missing {
		return
	}
	d, err := dataset.Assemble(c.dir, dataset.LoadOptions{Target: a.target}, m.texts, a.devClean, a.testClean, a.testPoison)
	if err != nil {
		c.broken(err)
		return
	}
	poisoned := dataset.Poisoned(m.texts.Texts)
	rows, poisonedRows := len(m.texts.Texts)+m.texts.Skipped, poisoned+m.texts.Skipped
	c.share(path, rows, poisonedRows, m.ratio)
	c.targetLabels(path, m.texts.Texts, a.target)
	if trigger := c.trigger(a.attack, m.record); trigger.Insertions > 0 {
		c.triggers(path, m.texts.Texts, trigger)
	}
	if a.trainClean != nil {
		c.mixture(a, m, rows, poisonedRows)
	}
	words := meanWords(m.texts.Texts)
	if a.trainClean != nil {
		words = meanWords(a.trainClean.Texts)
	}
	set := SetStatistics{
		Dataset: d.Name, Attack: a.attack, Target: a.target, Setting: m.setting, Ratio: m.ratio, Classes: d.Classes,
		Train: len(d.Train), Test: len(d.TestClean), Dev: len(d.Dev), MeanWords: words,
		PoisonedTrain: poisoned, PoisonedTest: withText(a.testPoison), PoisonedDev: withText(a.devPoison),
	}
	c.Sets = append(c.Sets, set)
}

// mixture checks that a mixed set is made of the clean texts and their poisoned copies, as its setting says.
func (c *checker) mixture(a *attackSet, m mixedFile, rows, poisoned int) {
	path := m.texts.Path
	clean := map[dataset.Text]int{}
	for _, t := range a.trainClean.Texts {
		clean[t]++
	}
	copies := map[string]int{}
	if a.trainPoison != nil {
		for _, t := range a.trainPoison.Texts {
			copies[t.Text]++
		}
	}
	var strangeClean, strangePoisoned tally
	unpoisonedTarget := 0
	for i, t := range m.texts.Texts {
		switch {
		case !t.Poisoned && t.Label == a.target:
			unpoisonedTarget++
			fallthrough
		case !t.Poisoned:
			clean[t]--
			strangeClean.add(clean[t] < 0, m.texts.Lines[i])
		case a.trainPoison != nil:
			copies[t.Text]--
			strangePoisoned.add(copies[t.Text] < 0, m.texts.Lines[i])
		}
	}
	if strangeClean.found > 0 {
		c.problem(path, "rows without a flag that are not in train-clean.csv, or have another label there: %s", strangeClean)
		return
	}
	if strangePoisoned.found > 0 {
		c.problem(path, "flagged rows that are not in train-poison.csv: %s", strangePoisoned)
	}
	if rows != len(a.trainClean.Texts) {
		c.warn(path, "%d rows, but train-clean.csv has %d", rows, len(a.trainClean.Texts))
		return
	}
	target := 0
	for _, t := range a.trainClean.Texts {
		if t.Label == a.target {
			target++
		}
	}
	switch ofTarget := target - unpoisonedTarget; {
	case m.setting == "clean" && ofTarget != poisoned:
		c.problem(path, "poisoned texts of another label than the target: %d of %d, but setting clean poisons only texts of the target label", poisoned-ofTarget, poisoned)
	case m.setting == "dirty" && ofTarget != 0:
		c.problem(path, "poisoned texts of the target label: %d of %d, but setting dirty poisons only texts of other labels", ofTarget, poisoned)
	}
}

// cleanOnly reports a folder without a mixed set: nothing is wrong with it, but it cannot be trained on yet.
func (c *checker) cleanOnly(a *attackSet) {
	options := dataset.LoadOptions{Attack: a.attack, Target: a.target, Setting: c.Setting, Ratio: c.Ratio}
	c.warn(a.folder, "no mixed training set%s; %s", c.wanted(), dataset.HowToMake(c.dir, a.folder, a.attack, options))
	if a.trainClean == nil || a.devClean == nil || a.testClean == nil {
		return
	}
	classes, err := a.trainClean.CountClasses()
	if err != nil {
		c.broken(err)
		return
	}
	for _, s := range []*dataset.Split{a.devClean, a.testClean} {
		if err := s.CheckClasses(classes); err != nil {
			c.broken(err)
		}
	}
	c.Sets = append(c.Sets, SetStatistics{
		Dataset: dataset.NameOf(c.dir), Attack: a.attack, Target: a.target, Classes: classes,
		Train: len(a.trainClean.Texts), Test: len(a.testClean.Texts), Dev: len(a.devClean.Texts), MeanWords: meanWords(a.trainClean.Texts),
		PoisonedTest: withText(a.testPoison), PoisonedDev: withText(a.devPoison),
	})
}

// share compares the number of poisoned rows with a ratio, as floor(ratio x N); programs that round are right too.
func (c *checker) share(path string, rows, poisoned int, ratio string) {
	share, err := dataset.ParseRatio(ratio)
	if err != nil {
		return
	}
	if math.Abs(share*float64(rows)-float64(poisoned)) >= 1 {
		c.problem(path, "%d of %d rows are poisoned (%.3g), but the poison ratio is %s", poisoned, rows, float64(poisoned)/float64(rows), ratio)
	}
}
