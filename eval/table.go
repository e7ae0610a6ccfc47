package eval

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"mslora/internal/hint"
)

// ReadResults finds every result.json below the folders, in the order of their paths.
func ReadResults(folders ...string) ([]Result, error) {
	var results []Result
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() != "result.json" {
				return err
			}
			r, err := ReadResult(path)
			if err != nil {
				return err
			}
			results = append(results, r)
			return nil
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, hint.New("give a folder that `mslora run` wrote", "there is no folder %s", folder)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(results) == 0 {
		return nil, hint.New("`mslora run` makes them", "there are no finished cells in %v", folders)
	}
	return results, nil
}

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
		return fmt.Sprintf("%.2f ± %.2f", s.Mean, s.Deviation)
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
	CACC    Statistic  `json:"cacc"`
	ASR     *Statistic `json:"asr"` // nil if there are no poisoned test texts
	Floor   Statistic  `json:"floor"`
	Paper   *PaperCell `json:"paper,omitempty"`
}

// order of the paper's tables; what is not in a list comes after, by name.
var (
	methodOrder = []string{"vanilla", "lora", "adapter", "prefix", "musclelora", "lora+mslr", "ga+lora", "ga"}
	attackOrder = []string{"badnets", "addsent", "hiddenkiller", "stylebkd"}
)

func rank(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// Rows groups results by everything but the seed, in the order of the paper's table 1: data set, model,
// attack, method. With paper, the paper's cell stands beside ours where the poison ratio is the paper's.
func Rows(results []Result, paper bool) []Row {
	type key struct{ dataset, model, attack, poison, method string }
	groups := map[key][]Result{}
	for _, r := range results {
		k := key{r.Dataset, r.Model, r.Attack, poisonName(r), r.Method}
		groups[k] = append(groups[k], r)
	}
	var rows []Row
	for k, group := range groups {
		row := Row{Dataset: k.dataset, Model: k.model, Attack: k.attack, Poison: k.poison, Method: k.method}
		shares := func(pick func(Scores) Share) Statistic {
			var all []Share
			for _, r := range group {
				all = append(all, pick(r.Scores))
			}
			return statistic(all)
		}
		row.CACC = shares(func(s Scores) Share { return s.CACC })
		row.Floor = shares(func(s Scores) Share { return s.Floor })
		if group[0].Scores.ASR.Texts > 0 {
			row.ASR = new(shares(func(s Scores) Share { return s.ASR }))
		}
		if cell, ok := FindPaper(k.dataset, k.model, k.method, k.attack); ok && paper && group[0].Ratio == "0.1" {
			row.Paper = &cell
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(
			cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Model, b.Model),
			cmp.Compare(rank(attackOrder, a.Attack), rank(attackOrder, b.Attack)), cmp.Compare(a.Attack, b.Attack),
			cmp.Compare(a.Poison, b.Poison),
			cmp.Compare(rank(methodOrder, a.Method), rank(methodOrder, b.Method)), cmp.Compare(a.Method, b.Method),
		)
	})
	return rows
}

func poisonName(r Result) string {
	if r.Ratio == "" {
		return ""
	}
	if r.Setting == "" {
		return r.Ratio
	}
	return r.Setting + " " + r.Ratio
}
