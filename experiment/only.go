package experiment

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
	"mslora/params"
)

// axis is one list of a grid as --only sees it.
type axis struct {
	names   []string // by which it is called
	entries []string // as they are written
	folders bool     // entries may be folders, which are found by their last name too
	keep    func(at []int)
	kept    map[int]bool // nil: all
}

// axes lists every axis of the grid: data sets, attacks and so on, and each hyperparameter that is given.
func (c *Config) axes() []*axis {
	all := []*axis{
		axisOf(&c.Data, "dataset"), axisOf(&c.Attacks, "attack"), axisOf(&c.Models, "model"), axisOf(&c.Methods, "method"), axisOf(&c.Seeds, "seed"),
		axisOf((*[]int)(&c.Target), "target"), axisOf((*[]string)(&c.Setting), "setting"), axisOf((*[]string)(&c.Ratio), "ratio"), axisOf((*[]int)(&c.Limit), "limit"),
		axisOf((*[]string)(&c.Precision), "precision"),
	}
	all[0].folders, all[2].folders = true, true
	for _, p := range params.Table {
		values := c.Hyperparameters[p.Name]
		if len(values) == 0 {
			continue
		}
		a := axisOf(&values, p.Name, p.Flag)
		keep := a.keep
		a.keep = func(at []int) {
			keep(at)
			c.Hyperparameters[p.Name], c.having = values, append(slices.Clone(c.having), p.Name)
		}
		all = append(all, a)
	}
	return all
}

func axisOf[T any](list *[]T, names ...string) *axis {
	a := &axis{names: names}
	for _, entry := range *list {
		a.entries = append(a.entries, params.Format(entry))
	}
	a.keep = func(at []int) {
		var kept []T
		for _, i := range at {
			kept = append(kept, (*list)[i])
		}
		*list = kept
	}
	return a
}

// Only keeps a part of the grid, or, if the configuration has conditions of its own, a part of theirs. A condition is KEY=VALUE, or
// KEY=VALUE,VALUE; a key is the name of an axis. Conditions on one key add up, conditions on several keys all hold. A folder is
// found by its path or by its last name. A condition on a hyperparameter leaves out the methods that do not have it.
func (c Config) Only(conditions []string) (Config, error) {
	own := c.Conditions
	c.Conditions = nil
	c, err := c.only(own)
	if err != nil {
		return c, err
	}
	return c.only(conditions)
}

func (c Config) only(conditions []string) (Config, error) {
	overrides := Axes{}
	for name, values := range c.Hyperparameters {
		overrides[name] = values
	}
	c.Hyperparameters = overrides
	c.Conditions = slices.Concat(c.Conditions, conditions)
	axes := c.axes()
	for _, condition := range conditions {
		name, values, ok := strings.Cut(condition, "=")
		at := slices.IndexFunc(axes, func(a *axis) bool { return slices.Contains(a.names, name) })
		if !ok || at < 0 {
			var names []string
			for _, a := range axes {
				names = append(names, a.names[0])
			}
			return c, hint.New("for example --only attack=badnets; keys are "+strings.Join(names, ", "), "--only %s: expected KEY=VALUE", condition)
		}
		if err := axes[at].find(name, values); err != nil {
			return c, err
		}
	}
	for _, a := range axes {
		if a.kept == nil {
			continue
		}
		var at []int
		for i := range a.entries {
			if a.kept[i] {
				at = append(at, i)
			}
		}
		a.keep(at)
	}
	return c, nil
}

// find marks the entries that values, with commas between them, name. A vector has commas of its own.
func (a *axis) find(name, values string) error {
	if a.mark(values) {
		return nil
	}
	for value := range strings.SplitSeq(values, ",") {
		if !a.mark(value) {
			var choices []string
			for _, entry := range a.entries {
				choices = append(choices, a.short(entry))
			}
			return hint.New("there are: "+strings.Join(choices, ", "), "--only %s=%s matches nothing in the configuration", name, value)
		}
	}
	return nil
}

func (a *axis) mark(value string) (found bool) {
	for i, entry := range a.entries {
		if value == entry || value == a.short(entry) || sameNumber(value, entry) {
			if a.kept == nil {
				a.kept = map[int]bool{}
			}
			a.kept[i], found = true, true
		}
	}
	return found
}

func (a *axis) short(entry string) string {
	if a.folders {
		return filepath.Base(entry)
	}
	return entry
}

// sameNumber tells whether both texts are one number: 1e-5 and 0.00001.
func sameNumber(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}
