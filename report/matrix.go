package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Up to largestShown classes a confusion matrix is shown whole; beyond, its most frequent confusions. From
// numberedClasses on, or if a name is longer than numberedLength characters, numbers head its columns.
const (
	numberedClasses = 7
	numberedLength  = 18
	largestShown    = 40
	confusionsShown = 40
)

// matrix is a confusion matrix and the scores of its classes.
type matrix struct {
	Split      string
	Large      bool
	Numbered   bool // columns
	Labels     []string
	Rows       []matrixRow // none if there are too many classes
	Confusions []confusion // instead
	Classes    []classScore
	Recall     string // balanced accuracy
	F1         string // macro F1
}

type matrixRow struct {
	Label string
	Cells []matrixCell
}

type matrixCell struct {
	Count   string
	Share   string // of the row, percent; empty in large matrices
	Shade   int    // the same in tenths, 0 for none
	Correct bool
}

// confusion counts texts of one label that got another.
type confusion struct {
	True, Predicted string
	Texts           int
}

func newMatrix(s Split, labels []string) matrix {
	m := matrix{Split: name(s.Name), Large: len(labels) >= numberedClasses, Classes: classScores(s.Confusion)}
	for _, label := range labels {
		m.Labels = append(m.Labels, name(label))
	}
	m.Numbered = m.Large || slices.ContainsFunc(m.Labels, func(label string) bool {
		return utf8.RuneCountInString(label) > numberedLength
	})
	recall, f1 := means(m.Classes)
	m.Recall, m.F1 = decimals(recall), decimals(f1)
	if len(labels) > largestShown {
		m.Confusions = confusions(s.Confusion, m.Labels)
		return m
	}
	for i, counts := range s.Confusion {
		row := matrixRow{Label: m.Labels[i]}
		for j, n := range counts {
			share := percent(n, m.Classes[i].Texts)
			cell := matrixCell{Count: grouped(n), Correct: i == j}
			if n > 0 {
				cell.Shade = int(math.Ceil(share / 10))
			}
			if !m.Large && !math.IsNaN(share) {
				cell.Share = fmt.Sprintf("%.1f\u00a0%%", share)
			}
			row.Cells = append(row.Cells, cell)
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// confusions are the most frequent mistakes, the first of equal ones first.
func confusions(counts [][]int, labels []string) []confusion {
	var all []confusion
	for i, row := range counts {
		for j, n := range row {
			if i != j && n > 0 {
				all = append(all, confusion{labels[i], labels[j], n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b confusion) int { return cmp.Compare(b.Texts, a.Texts) })
	return all[:min(len(all), confusionsShown)]
}
