package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mslora/internal/hint"
)

// sniffHeader tells whether the first record names the columns: one of them has a known name, or the records below differ from it
// in kind.
func (f *Format) sniffHeader(rows [][]string, c Reading, known func(string) bool) (bool, error) {
	first := rows[0]
	if isCounted(first) || len(first) == 1 {
		return true, nil
	}
	for at, value := range first {
		if known(value) && !columnOf(rows[1:], at).often(value) {
			return true, nil
		}
	}
	if slices.ContainsFunc(first, isNumber) {
		return false, nil
	}
	for at, value := range first {
		column := columnOf(rows[1:], at)
		if len(column) == 0 {
			continue
		}
		if column.labels() && slices.Contains(column, value) {
			return false, nil
		}
		if column.numeric() {
			return true, nil
		}
	}
	if !slices.ContainsFunc(first, func(name string) bool { return len(strings.Fields(name)) > 3 || len(name) > 40 }) && len(rows) > 5 {
		for at := range first {
			if columnOf(rows[1:], at).labels() {
				return true, nil // a column of few values, of which the first record has none
			}
		}
	}
	return false, hint.New("give --no-header, or the columns with --text-column and --label-column, by name or by number from 1",
		"the first line may be a header or a row: %s", showRows(rows))
}

// isCounted knows pandas' names for columns without names: 0, 1, 2 after an index without a name or with none.
func isCounted(names []string) bool {
	if names[0] == "" {
		names = names[1:]
	}
	for i, name := range names {
		if name != strconv.Itoa(i) {
			return false
		}
	}
	return len(names) > 1
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return err == nil && strings.IndexFunc(text, func(r rune) bool { return r >= '0' && r <= '9' }) >= 0
}

// column is the values of a column in a sample.
type column []string

func columnOf(rows [][]string, at int) (values column) {
	for _, row := range rows {
		if at < len(row) {
			values = append(values, row[at])
		}
	}
	return values
}

// numeric tells whether all values are numbers.
func (c column) numeric() bool {
	return len(c) > 0 && !slices.ContainsFunc(c, func(v string) bool { return !isNumber(v) })
}

// labels tells whether the values could be classes: from two on, short, on average each at least twice.
func (c column) labels() bool {
	different := map[string]bool{}
	for _, value := range c {
		if len(value) > 60 || strings.TrimSpace(value) == "" {
			return false
		}
		different[value] = true
	}
	return len(different) >= 2 && len(different)*2 <= len(c)
}

// often tells whether a tenth of the values or more are this one: a name of a column is not, a value such as NO_QUERY may be.
func (c column) often(value string) bool {
	count := 0
	for _, v := range c {
		if v == value {
			count++
		}
	}
	return count > 0 && count*10 >= len(c)
}

// letters is the mean number of bytes of the values, of numbers none.
func (c column) letters() float64 {
	sum := 0
	for _, value := range c {
		if !isNumber(value) {
			sum += len(value)
		}
	}
	return float64(sum) / float64(max(1, len(c)))
}

// showRows shows the first two rows as columns.
func showRows(rows [][]string) string {
	var lines []string
	for i, row := range rows[:min(2, len(rows))] {
		var cells []string
		for at, value := range row {
			cells = append(cells, fmt.Sprintf("%d %s", at+1, hint.Quote(value)))
		}
		lines = append(lines, fmt.Sprintf("row %d has %s", i+1, strings.Join(cells, ", ")))
	}
	return strings.Join(lines, "; ")
}
