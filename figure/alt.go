package figure

import (
	"fmt"
	"slices"
	"strings"

	"mslora/defence"
)

// Alt is what stands in place of the picture for who does not see it: what it shows, and of which methods and attacks.
func (f Figure) Alt() string {
	methods := f.Table.words("method")
	for i, name := range methods {
		methods[i], _ = defence.Display(name)
	}
	return fmt.Sprintf("%s: %s on %s", f.About, listed(methods, "methods"), listed(f.Table.words("attack"), "attacks"))
}

// words gives the different values of a column, in the order of the rows.
func (t Table) words(column string) []string {
	at := slices.Index(t.Columns, column)
	var words []string
	for _, row := range t.Rows {
		if word := fmt.Sprint(row[at]); !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// listed names a few things, and counts many.
func listed(names []string, what string) string {
	const most = 6
	if len(names) > most {
		return fmt.Sprintf("%d %s", len(names), what)
	}
	last := len(names) - 1
	shown := distinct(names)
	if last < 1 {
		return strings.Join(shown, "")
	}
	return strings.Join(shown[:last], ", ") + " and " + shown[last]
}
