package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"mslora/dataset"
	"mslora/internal/hint"
)

// Statistic is a score over several seeds, in percent.
type Statistic struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"` // sample standard deviation, 0 for one seed
	Seeds     int     `json:"seeds"`
}

func statistic(shares []Share) Statistic {
	s := Statistic{Seeds: len(shares)}
	for _, share := range shares {
		s.Mean += share.Percent() / float64(len(shares))
	}
	if len(shares) > 1 {
		var squares float64
		for _, share := range shares {
			squares += (share.Percent() - s.Mean) * (share.Percent() - s.Mean)
		}
		s.Deviation = math.Sqrt(squares / float64(len(shares)-1))
	}
	return s
}

// String gives the mean, with the deviation if there are several seeds.
func (s Statistic) String() string {
	if s.Seeds > 1 {
		return fmt.Sprintf("%.2f±%.2f", s.Mean, s.Deviation)
	}
	return fmt.Sprintf("%.2f", s.Mean)
}

// Row is one line of a table: a method under an attack, over all seeds.
type Row struct {
	Dataset string     `json:"dataset"`
	Model   string     `json:"model"`
	Attack  string     `json:"attack"`
	Poison  string     `json:"poison"` // setting and ratio, such as "mix 0.1"
	Method  string     `json:"method"`
	Title   string     `json:"-"` // what tables call the method
	Variant Variant    `json:"variant,omitempty"`
	CACC    Statistic  `json:"cacc"`
	ASR     *Statistic `json:"asr"` // nil if there are no poisoned test texts
	Floor   Statistic  `json:"floor"`
	// What is taken for poison of clean and of poisoned texts: of test texts, if the method has a filter, of training texts, if it has a
	// purifier and flags are known; else nil.
	FalseAlarms *Statistic `json:"false_alarms,omitempty"`
	Detected    *Statistic `json:"detected,omitempty"`
	Paper       *PaperCell `json:"paper,omitempty"`
	Results     []Result   `json:"-"` // of each seed
}

// Naming says what tables call a method, and its place among the others.
type Naming func(method string) (title string, place int)

// Published gives the paper's cell of a result, if the paper has the same one.
type Published func(Result) (PaperCell, bool)

// attackPlace is that of the paper's tables; other attacks come after, by name.
func attackPlace(name string) int {
	if i := slices.Index(dataset.Attacks, name); i >= 0 {
		return i
	}
	return len(dataset.Attacks)
}

// Rows groups results by everything but the seed, in the order of the paper's table 1: data set, model,
// attack, method. Results that differ in more than the seed, such as their learning rate, get a row for each
// variant. The paper's cell stands beside ours where paper gives one; nil gives none. Two results of one cell
// are an error: they would count as two seeds.
func Rows(results []Result, naming Naming, paper Published) ([]Row, error) {
	type key struct{ dataset, model, attack, poison, method string }
	groups := map[key][]Result{}
	for _, r := range results {
		k := key{r.Dataset, r.Model, r.Attack, poisonName(r), r.Method}
		groups[k] = append(groups[k], r)
	}
	var rows []Row
	for k, group := range groups {
		byVariant := map[string][]Result{}
		for i, v := range variants(group) {
			seeds := byVariant[v.String()]
			for _, other := range seeds {
				if other.Seed == group[i].Seed {
					return nil, hint.New("give folders in which it is only once", "%s and %s are of the same cell", other.Path, group[i].Path)
				}
			}
			if len(seeds) == 0 {
				rows = append(rows, Row{Dataset: k.dataset, Model: k.model, Attack: k.attack, Poison: k.poison, Method: k.method, Variant: v})
			}
			byVariant[v.String()] = append(seeds, group[i])
		}
		title, _ := naming(k.method)
		for i := len(rows) - len(byVariant); i < len(rows); i++ {
			rows[i].Title = title
			rows[i].score(byVariant[rows[i].Variant.String()], paper)
		}
	}
	slices.SortFunc(rows, func(a, b Row) int {
		_, placeA := naming(a.Method)
		_, placeB := naming(b.Method)
		return cmp.Or(
			cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Model, b.Model),
			cmp.Compare(attackPlace(a.Attack), attackPlace(b.Attack)), cmp.Compare(a.Attack, b.Attack),
			cmp.Compare(a.Poison, b.Poison),
			cmp.Compare(placeA, placeB), cmp.Compare(a.Method, b.Method),
			compareVariants(a.Variant, b.Variant),
		)
	})
	return rows, nil
}

// score fills the row's numbers in from the results of its seeds.
func (row *Row) score(seeds []Result, paper Published) {
	over := func(pick func(Result) Share) Statistic {
		var shares []Share
		for _, r := range seeds {
			shares = append(shares, pick(r))
		}
		return statistic(shares)
	}
	ofTexts := func(pick func(Result) Share) *Statistic {
		if slices.ContainsFunc(seeds, func(r Result) bool { return pick(r).Texts == 0 }) {
			return nil
		}
		return new(over(pick))
	}
	row.Results = seeds
	row.CACC = over(func(r Result) Share { return r.Scores.CACC })
	row.Floor = over(func(r Result) Share { return r.Scores.Floor })
	row.ASR = ofTexts(func(r Result) Share { return r.Scores.ASR })
	row.FalseAlarms = ofTexts(Result.falseAlarms)
	row.Detected = ofTexts(Result.detected)
	if paper == nil {
		return
	}
	if cell, ok := paper(seeds[0]); ok {
		row.Paper = &cell
	}
}

// NeverPoisoned is what tables call a training set without poison: what its model scores, with the attack's test texts, no defence
// can be blamed for.
const NeverPoisoned = "never poisoned"

func poisonName(r Result) string {
	if r.Ratio == "" {
		return ""
	}
	if dataset.NeverPoisoned(r.Ratio) {
		return NeverPoisoned
	}
	if r.Setting == "" {
		return r.Ratio
	}
	return r.Setting + " " + r.Ratio
}
