package eval

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mslora/params"
)

// Variant tells results of one data set, model, attack and method apart: the hyperparameters in which they
// differ, by name. It is empty where nothing differs.
type Variant []Difference

// Untold is the value of what a result does not tell, or does not have.
const Untold = "-"

// Difference is one hyperparameter and its value, or what was computed on and the start of its checksum.
type Difference struct {
	Key   string `json:"key"`
	Value string `json:"value"` // as JSON, or Untold
}

// Find gives the difference of a name, if there is one.
func (v Variant) Find(key string) (Difference, bool) {
	for _, d := range v {
		if d.Key == key {
			return d, true
		}
	}
	return Difference{}, false
}

// String lists the differences: "align=always learning_rate=0.001".
func (v Variant) String() string {
	var words []string
	for _, d := range v {
		words = append(words, d.Key+"="+d.Plain())
	}
	return strings.Join(words, " ")
}

// plainWord is a JSON string that needs no quotes.
var plainWord = regexp.MustCompile(`^"([\p{L}\p{N}][\p{L}\p{N}._/+-]*)"$`)

// Plain is the value as people write it: a word without JSON's quotes.
func (d Difference) Plain() string {
	if word := plainWord.FindStringSubmatch(d.Value); word != nil {
		return word[1]
	}
	return d.Value
}

// compareVariants orders values that are numbers by size, others by their text. Both have the same keys.
func compareVariants(a, b Variant) int {
	for i := range min(len(a), len(b)) {
		x, errX := strconv.ParseFloat(a[i].Value, 64)
		y, errY := strconv.ParseFloat(b[i].Value, 64)
		order := cmp.Compare(a[i].Value, b[i].Value)
		if errX == nil && errY == nil {
			order = cmp.Compare(x, y)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(a), len(b))
}

// variants gives the variant of each result of a group.
func variants(group []Result) []Variant {
	var facts []map[string]string
	keys := map[string]bool{}
	for _, r := range group {
		f := circumstances(r)
		facts = append(facts, f)
		for key := range f {
			keys[key] = true
		}
	}
	all := make([]Variant, len(group))
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !slices.ContainsFunc(facts, func(f map[string]string) bool { return f[key] != facts[0][key] }) {
			continue
		}
		for i, f := range facts {
			all[i] = append(all[i], Difference{key, cmp.Or(f[key], Untold)})
		}
	}
	return all
}

// Settings are what decides a row's scores beside its names and seeds, by name: hyperparameters, and what was computed on.
func (r Row) Settings() map[string]string { return circumstances(r.Results[0]) }

// circumstances are what decides the scores of a result beside its cell's names and seed. Seeds may only be
// averaged if they are equal. The number of threads does not change them.
func circumstances(r Result) map[string]string {
	facts := map[string]string{"target": strconv.Itoa(r.Target), "limit": strconv.Itoa(r.Limit)}
	facts["device"], _, _ = strings.Cut(r.Device, ":")
	if r.Precision != "" {
		facts["precision"] = r.Precision
	}
	var config map[string]json.RawMessage
	json.Unmarshal(r.Config, &config) // a result without a configuration has none to differ in
	for key, value := range config {
		var compact bytes.Buffer
		if json.Compact(&compact, value) == nil {
			facts[key] = compact.String()
		}
	}
	for _, row := range params.Table {
		if word, ok := row.Unwritten.(string); ok && facts[row.Name] == "" {
			facts[row.Name] = strconv.Quote(word)
		}
	}
	files := map[string]string{} // "data", "model" and "graph": checksums of their files
	for _, name := range slices.Sorted(maps.Keys(r.Checksums)) {
		kind, file, _ := strings.Cut(name, "/")
		files[kind] += file + " " + r.Checksums[name] + "\n"
	}
	for kind, sums := range files {
		facts[kind] = fmt.Sprintf("%.4x", sha256.Sum256([]byte(sums)))
	}
	return facts
}
