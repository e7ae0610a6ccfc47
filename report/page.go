package report

import (
	"embed"
	"html/template"
)

//go:embed page.html head.html cite.html page.css chart.svg
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"name": name, "decimals": decimals, "grouped": grouped, "megabytes": megabytes, "whole": whole, "loss": loss, "probability": probability,
	"text": prose, "title": title, "numbered": func(i int) int { return i + 1 },
}).ParseFS(pageFiles, "page.html", "head.html", "cite.html", "page.css", "chart.svg"))

// head is what the pages' common beginning shows.
type head struct {
	Title  string
	Mark   template.HTML // tells the page from others, "" for none
	Images bool          // the page has some, in itself
}

// page is what the template shows beside the report itself.
type page struct {
	Report
	Head     head
	Citation string
	Headline *headline // nil if no accuracy was measured
	Charts   []chart
	Aligned  bool // trusted texts took part
	Kept     int  // index of the epoch that was kept, -1 for none
	Rows     []splitRow
	Matrices []matrix
	Mistakes bool // are all examples
}

func newPage(r Report) page {
	p := page{
		Report: r, Head: head{Title: title(r.Title) + ": training report"}, Citation: citation, Headline: r.headline(), Charts: r.charts(), Aligned: r.aligned(),
		Kept: r.kept(), Mistakes: true,
	}
	for _, s := range r.Splits {
		p.Rows = append(p.Rows, newSplitRow(s))
		if len(s.Confusion) > 0 {
			p.Matrices = append(p.Matrices, newMatrix(s, r.Labels))
		}
	}
	for _, e := range r.Examples {
		p.Mistakes = p.Mistakes && e.Label != e.Predicted
	}
	return p
}

// splitRow is a line of the table of splits.
type splitRow struct {
	Name, Texts, Right, Accuracy, Interval string
}

func newSplitRow(s Split) splitRow {
	row := splitRow{Name: s.Name, Texts: grouped(s.Texts), Right: "–", Accuracy: "–", Interval: "–"}
	if s.measured() {
		low, high := wilson(s.right(), s.Texts)
		row.Right, row.Accuracy = grouped(s.right()), decimals(s.Accuracy)
		row.Interval = decimals(low) + "–" + decimals(high)
	}
	return row
}
