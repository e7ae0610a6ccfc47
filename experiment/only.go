package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"mslora/internal/hint"
)

// Only keeps a part of the grid. A condition is KEY=VALUE, or KEY=VALUE,VALUE; keys are dataset, attack, model, method and
// seed. Conditions on one key add up, conditions on several keys all hold. A folder is found by its path or by its last
// name.
func (c Config) Only(conditions []string) (Config, error) {
	keys := []*gridKey{
		{name: "dataset", list: &c.Data, folders: true}, {name: "attack", list: &c.Attacks}, {name: "model", list: &c.Models, folders: true},
		{name: "method", list: &c.Methods}, {name: "seed", list: &[]string{}},
	}
	seeds := map[string]uint64{}
	for _, seed := range c.Seeds {
		*keys[4].list = append(*keys[4].list, fmt.Sprint(seed))
		seeds[fmt.Sprint(seed)] = seed
	}
	for _, condition := range conditions {
		name, values, ok := strings.Cut(condition, "=")
		at := slices.IndexFunc(keys, func(k *gridKey) bool { return k.name == name })
		if !ok || at < 0 {
			return c, hint.New("for example --only attack=badnets; keys are dataset, attack, model, method, seed", "--only %s: expected KEY=VALUE", condition)
		}
		for value := range strings.SplitSeq(values, ",") {
			if err := keys[at].keep(value); err != nil {
				return c, err
			}
		}
	}
	for _, key := range keys {
		if key.kept != nil {
			*key.list = slices.DeleteFunc(slices.Clone(*key.list), func(entry string) bool { return !key.kept[entry] })
		}
	}
	c.Seeds = nil
	for _, seed := range *keys[4].list {
		c.Seeds = append(c.Seeds, seeds[seed])
	}
	return c, nil
}

// gridKey is one list of the grid.
type gridKey struct {
	name    string
	list    *[]string
	folders bool            // entries may be folders
	kept    map[string]bool // nil: all
}

// keep marks the entries that a value names.
func (k *gridKey) keep(value string) error {
	var choices []string
	found := false
	for _, entry := range *k.list {
		name := entry
		if k.folders {
			name = filepath.Base(entry)
		}
		choices = append(choices, name)
		if value == entry || value == name {
			if k.kept == nil {
				k.kept = map[string]bool{}
			}
			k.kept[entry], found = true, true
		}
	}
	if found {
		return nil
	}
	return hint.New(fmt.Sprintf("there are: %s", strings.Join(choices, ", ")), "--only %s=%s matches nothing in the configuration", k.name, value)
}
