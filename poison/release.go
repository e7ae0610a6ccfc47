package poison

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

// loadRelease reads DIR/TARGET/ATTACK of the authors' layout.
func loadRelease(dir string, o LoadOptions) (*Dataset, error) {
	attack, err := parseAttack(o.Attack)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, strconv.Itoa(o.Target), attackFolder(attack))
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, hint.New(howToPoison(dir, attack, "", "", o.Target), "there is no folder %s for attack %s: %w", folder, attack, os.ErrNotExist)
	}
	setting, ratio, trainPath := "", "0", filepath.Join(folder, "train-clean.csv")
	allowed := allClean
	if !o.Clean {
		allowed = anyFlags
		if setting, ratio, trainPath, err = findMixed(dir, folder, attack, o); err != nil {
			return nil, err
		}
	}
	train, err := readSplit(trainPath, "train", allowed)
	if err != nil {
		return nil, err
	}
	dev, err := readSplit(filepath.Join(folder, "dev-clean.csv"), "dev", trustedFlags)
	if err != nil {
		return nil, err
	}
	testClean, err := readSplit(filepath.Join(folder, "test-clean.csv"), "test-clean", allClean)
	if err != nil {
		return nil, err
	}
	var testPoison *split
	path := filepath.Join(folder, "test-poison.csv")
	if _, statErr := os.Stat(path); statErr == nil || !o.Clean { // clean training can do without
		if testPoison, err = readSplit(path, "test-poison", allPoisoned); err != nil {
			return nil, &hint.Error{Err: err, Hint: howToPoison(dir, attack, setting, ratio, o.Target)}
		}
	}
	d, err := assemble(dir, o, train, dev, testClean, testPoison)
	if err != nil {
		return nil, err
	}
	d.Attack, d.Setting, d.Ratio = attack, setting, ratio
	return d, nil
}

// findMixed looks for folder/SETTING/RATIO/train-poison.csv as o asks.
func findMixed(dir, folder, attack string, o LoadOptions) (setting, ratio, path string, err error) {
	if err := parseSetting(o.Setting); err != nil {
		return "", "", "", err
	}
	wanted := o.Ratio
	if wanted == "" {
		wanted = DefaultRatio
	}
	number, err := ParseRatio(wanted)
	if err != nil {
		return "", "", "", err
	}
	settings := []string{o.Setting}
	if o.Setting == "" {
		settings = append([]string{DefaultSetting(attack)}, Settings...)
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
	return "", "", "", missingMixed(dir, folder, attack, settings[0], wanted, others, o.Target)
}

// missingMixed says which training set is missing, which others there are, and how to make it.
func missingMixed(dir, folder, attack, setting, ratio string, others []string, target int) error {
	missing := filepath.Join(folder, setting, ratio, "train-poison.csv")
	err := fmt.Errorf("there is no mixed training set %s: %w", missing, os.ErrNotExist)
	advice := howToPoison(dir, attack, setting, ratio, target)
	if _, statErr := os.Stat(filepath.Join(folder, "train-poison.csv")); statErr == nil {
		err = fmt.Errorf("there is no mixed training set %s (the train-poison.csv in %s holds every text poisoned): %w", missing, folder, os.ErrNotExist)
	}
	if len(others) > 0 {
		advice = "the folder has " + strings.Join(others, ", ") + "; choose with --setting and --ratio, or make it: " + advice
	}
	return &hint.Error{Err: err, Hint: advice}
}

// howToPoison is the command that makes what is missing.
func howToPoison(dir, attack, setting, ratio string, target int) string {
	command := fmt.Sprintf("mslora poison --data %s --attack %s --target %d", dir, attack, target)
	if setting != "" {
		command += fmt.Sprintf(" --setting %s --ratio %s", setting, ratio)
	}
	return "`" + command + " --out FOLDER` makes it"
}

// ParseRatio reads a poison ratio, above 0 and at most 1.
func ParseRatio(text string) (float64, error) {
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio > 0 && ratio <= 1) {
		return 0, hint.New("give a share above 0 and at most 1, for example 0.1", "poison ratio %s is not a share", quote(text))
	}
	return ratio, nil
}
