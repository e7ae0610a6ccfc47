package eval

import (
	"fmt"
	"slices"
)

// column of a table for people.
type column struct {
	name   string
	cell   func(Row) string
	number bool // set right
	paper  bool // the paper's, not ours
	sifted bool // what a filter or a purifier takes for poison
}

// sheet is a table for people: some rows of a block and some of their columns.
type sheet struct {
	rows    []Row
	columns []column
}

// sheets gives the tables of a block: one, or two where the paper's numbers or several seeds make one that is wide enough without
// what is taken for poison. The second has that, of the methods that look for it.
func sheets(block []Row) []sheet {
	columns := columnsOf(block)
	wide := slices.ContainsFunc(block, func(r Row) bool { return r.Paper != nil || r.CACC.Seeds > 1 })
	if !wide || !isSifted(block) {
		return []sheet{{block, columns}}
	}
	sifted := slices.DeleteFunc(slices.Clone(block), func(r Row) bool { return r.FalseAlarms == nil })
	return []sheet{
		{block, slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.sifted })},
		{sifted, slices.DeleteFunc(columns, func(c column) bool { return c.number && !c.sifted })},
	}
}

// columnsOf leaves out what no row of a block has: variants, the paper's numbers.
func columnsOf(block []Row) []column {
	paper := func(pick func(PaperCell) float64) func(Row) string {
		return func(r Row) string {
			if r.Paper == nil {
				return ""
			}
			return fmt.Sprintf("(%.2f)", pick(*r.Paper))
		}
	}
	columns := []column{
		{name: "Attack", cell: attackName},
		{name: "Method", cell: func(r Row) string { return r.Title }},
		{name: "Variant", cell: func(r Row) string { return r.Variant.String() }},
		{name: "CACC", cell: func(r Row) string { return r.CACC.String() }, number: true},
		{name: "Paper", cell: paper(func(c PaperCell) float64 { return c.CACC }), number: true, paper: true},
		{name: "ASR", cell: asr, number: true},
		{name: "Paper", cell: paper(func(c PaperCell) float64 { return c.ASR }), number: true, paper: true},
		{name: "Floor", cell: func(r Row) string { return r.Floor.String() }, number: true},
		{name: "Alarms", cell: func(r Row) string { return optional(r.FalseAlarms) }, number: true, sifted: true},
		{name: "Found", cell: func(r Row) string { return optional(r.Detected) }, number: true, sifted: true},
	}
	return slices.DeleteFunc(columns, func(c column) bool {
		return !slices.ContainsFunc(block, func(r Row) bool { return c.cell(r) != "" })
	})
}

func attackName(r Row) string {
	if r.Poison == "" {
		return r.Attack
	}
	return fmt.Sprintf("%s (%s)", r.Attack, r.Poison)
}

// isSifted tells whether some row says what a filter or a purifier takes for poison.
func isSifted(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool { return r.FalseAlarms != nil })
}

func optional(s *Statistic) string {
	if s == nil {
		return ""
	}
	return s.String()
}

func asr(r Row) string {
	if r.ASR == nil {
		return "-"
	}
	return r.ASR.String()
}

// startsAttack tells whether the i-th row is the first of its attack.
func startsAttack(rows []Row, i int) bool {
	return i == 0 || attackName(rows[i-1]) != attackName(rows[i])
}

// lines gives the cells of a sheet, each through edit. The attack is named once for all of its methods.
func (s sheet) lines(edit func(column, string) string) [][]string {
	all := make([][]string, len(s.rows))
	for i, r := range s.rows {
		for _, c := range s.columns {
			all[i] = append(all[i], edit(c, c.cell(r)))
		}
		if !startsAttack(s.rows, i) {
			all[i][0] = ""
		}
	}
	return all
}

// blocks splits rows where data set or model changes. Each is a table of its own, as in the paper's table 1.
func blocks(rows []Row) [][]Row {
	var all [][]Row
	for i, r := range rows {
		if i == 0 || r.Dataset != rows[i-1].Dataset || r.Model != rows[i-1].Model {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], r)
	}
	return all
}

func title(r Row) string { return fmt.Sprintf("%s, %s", r.Dataset, r.Model) }

// mostRemarks is the number of lines that explanation adds to the legend at most.
const mostRemarks = 3

// legend stands below every table.
var legend = []string{
	"In percent. CACC: accuracy on clean test texts, higher is better. ASR: poisoned test texts",
	"classified as the target label, lower is better. Floor: clean test texts of other classes",
	"classified as the target label, which is the ASR of a trigger that does nothing.",
}

// explanation gives the lines that stand below tables for people.
func explanation(rows []Row) []string {
	text := slices.Clone(legend)
	var seeds []int
	for _, r := range rows {
		if r.CACC.Seeds > 1 {
			seeds = append(seeds, r.CACC.Seeds)
		}
	}
	if len(seeds) > 0 {
		count := fmt.Sprint(slices.Min(seeds))
		if most := slices.Max(seeds); most != slices.Min(seeds) {
			count += " to " + fmt.Sprint(most)
		}
		single := ""
		if len(seeds) < len(rows) {
			single = "; without ± one seed"
		}
		text = append(text, fmt.Sprintf("Mean±sample standard deviation over %s seeds%s.", count, single))
	}
	if isSifted(rows) {
		text = append(text, "Alarms, Found: clean and poisoned texts that a filter flags in test, a purifier in training.")
	}
	if slices.ContainsFunc(rows, func(r Row) bool { return r.Paper != nil }) {
		text = append(text, "Paper: the same cell in Wu et al. 2024.")
	}
	return text
}
