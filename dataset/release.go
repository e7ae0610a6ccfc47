package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

// locateRelease finds the files of DIR/TARGET/ATTACK in the authors' layout.
func locateRelease(dir string, o LoadOptions) (Located, error) {
	l := Located{dir: dir, layout: ReleaseLayout, Name: NameOf(dir)}
	var err error
	if l.Attack, err = ParseAttack(o.Attack); err != nil {
		return l, err
	}
	folder := filepath.Join(dir, strconv.Itoa(o.Target), AttackFolder(l.Attack))
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return l, hint.New(HowToMake(dir, folder, l.Attack, o), "attack folder %s: %w", folder, fs.ErrNotExist)
	}
	train := filepath.Join(folder, "train-clean.csv")
	l.Ratio = "0"
	if !o.clean() {
		if l.Setting, l.Ratio, train, err = findMixed(dir, folder, l.Attack, o); err != nil {
			return l, err
		}
	}
	l.Files = []Place{{"train", train}, {"dev", filepath.Join(folder, "dev-clean.csv")}, {"test-clean", filepath.Join(folder, "test-clean.csv")}}
	for _, file := range l.Files {
		if _, err := os.Stat(file.Path); err != nil {
			return l, missingFile(file.Path, err)
		}
	}
	poisoned := filepath.Join(folder, "test-poison.csv")
	if _, err := os.Stat(poisoned); err == nil {
		l.Files = append(l.Files, Place{testPoison, poisoned})
	} else if !o.clean() { // clean training can do without
		return l, &hint.Error{Err: missingFile(poisoned, err), Hint: HowToMake(dir, folder, l.Attack, o)}
	}
	return l, nil
}

// loadRelease reads the files of the authors' layout.
func loadRelease(l Located, o LoadOptions) (*Dataset, error) {
	allowed := AnyFlags
	if o.clean() {
		allowed = AllClean
	}
	train, err := ReadSplit(l.path("train"), "train", allowed, o.Reading, nil)
	if err != nil {
		return nil, err
	}
	dev, err := ReadSplit(l.path("dev"), "dev", TrustedFlags, o.Reading, nil)
	if err != nil {
		return nil, err
	}
	testClean, err := ReadSplit(l.path("test-clean"), "test-clean", AllClean, o.Reading, nil)
	if err != nil {
		return nil, err
	}
	var poisoned *Split
	if path := l.path(testPoison); path != "" {
		if poisoned, err = ReadSplit(path, testPoison, AllPoisoned, o.Reading, nil); err != nil {
			return nil, &hint.Error{Err: err, Hint: HowToMake(l.dir, filepath.Dir(path), l.Attack, o)}
		}
	}
	return Assemble(l.dir, o, train, dev, testClean, poisoned)
}

// findMixed looks for folder/SETTING/RATIO/train-poison.csv as o asks.
func findMixed(dir, folder, attack string, o LoadOptions) (setting, ratio, path string, err error) {
	if err := ParseSetting(o.Setting); err != nil {
		return "", "", "", err
	}
	if o.Ratio == "" {
		o.Ratio = DefaultRatio
	}
	number, err := ParseRatio(o.Ratio)
	if err != nil {
		return "", "", "", err
	}
	settings := []string{o.Setting}
	if o.Setting == "" {
		o.Setting = DefaultSetting(attack)
		settings = append([]string{o.Setting}, Settings...)
	}
	var others []string
	for _, setting := range settings {
		entries, _ := os.ReadDir(filepath.Join(folder, setting)) // an absent folder has no entries
		for _, entry := range entries {
			path := filepath.Join(folder, setting, entry.Name(), "train-poison.csv")
			if _, err := os.Stat(path); err != nil {
				continue
			}
			if value, err := strconv.ParseFloat(entry.Name(), 64); err == nil && value == number {
				return setting, entry.Name(), path, nil
			}
			if other := setting + "/" + entry.Name(); !slices.Contains(others, other) {
				others = append(others, other)
			}
		}
	}
	missing := filepath.Join(folder, o.Setting, o.Ratio, "train-poison.csv")
	err = fmt.Errorf("mixed training set %s: %w", missing, fs.ErrNotExist)
	if _, statErr := os.Stat(filepath.Join(folder, "train-poison.csv")); statErr == nil {
		err = fmt.Errorf("mixed training set %s: %w; the train-poison.csv in %s is not mixed: every text is poisoned", missing, fs.ErrNotExist, folder)
	}
	advice := HowToMake(dir, folder, attack, o)
	if len(others) > 0 {
		advice = "choose one that is there, by setting and ratio: " + strings.Join(others, ", ") + "; or: " + advice
	}
	return "", "", "", &hint.Error{Err: err, Hint: advice}
}

// HowToMake says, as a hint, how to make the set of o that is missing in the data set dir. folder is its attack's folder,
// which may hold paraphrases to make it of.
func HowToMake(dir, folder, attack string, o LoadOptions) string {
	if _, err := os.Stat(filepath.Join(folder, "train-poison.csv")); err != nil && NeedsParaphrases(attack) {
		return "get the texts of " + attack + " from the authors' release, or give your own to `mslora poison --paraphrases`; badnets and addsent need none"
	}
	command := fmt.Sprintf("mslora poison --data %s --attack %s --target %d", dir, attack, o.Target)
	if o.Setting != "" {
		command += " --setting " + o.Setting
	}
	if o.Ratio != "" {
		command += " --ratio " + o.Ratio
	}
	return "make it: " + command + " --out FOLDER"
}

// ParseRatio reads a poison ratio, above 0 and at most 1.
func ParseRatio(text string) (float64, error) {
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio > 0 && ratio <= 1) {
		return 0, hint.New("give a share above 0 and at most 1, for example 0.1", "poison ratio %s is not a share", hint.Quote(text))
	}
	return ratio, nil
}
