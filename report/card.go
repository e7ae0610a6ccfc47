package report

import (
	"cmp"
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"mslora/internal/visible"
)

//go:embed card.md
var cardText string

var cardTemplate = template.Must(template.New("card.md").Funcs(template.FuncMap{
	"name":      func(s string) string { return code(name(s)) },
	"value":     func(s string) string { return code(prose(s)) },
	"nameCell":  func(s string) string { return cell(name(s)) },
	"valueCell": func(s string) string { return cell(prose(s)) },
	"sentence":  func(s string) string { return visible.Markdown(prose(s)) },
	"title":     func(s string) string { return visible.Markdown(title(s)) },
	"yaml":      quotedYAML, "shown": name, "decimals": decimals, "grouped": grouped, "megabytes": megabytes, "whole": whole,
	"share": func(percent float64) string { return strconv.FormatFloat(percent/100, 'f', 4, 64) },
}).Parse(cardText))

// card is what the template shows beside the report itself.
type card struct {
	Report
	Citation string
	BaseID   string // the base model's id on the hub, "" if it has none
	Headline *headline
	Rows     []splitRow
	Classes  []cardClass // of the headline's split
	Aligned  bool
}

type cardClass struct {
	Label string
	classScore
}

func newCard(r Report) card {
	c := card{Report: r, Citation: citation, BaseID: hubID(r.Model), Headline: r.headline(), Aligned: r.aligned()}
	for _, s := range r.Splits {
		c.Rows = append(c.Rows, newSplitRow(s))
	}
	if c.Headline != nil {
		for i, score := range classScores(c.Headline.Confusion) {
			c.Classes = append(c.Classes, cardClass{r.Labels[i], score})
		}
	}
	return c
}

// IndexName and IndexData name the model and its data in the list of results, which needs both.
func (c card) IndexName() string { return cmp.Or(title(c.Title), "classifier") }

func (c card) IndexData() string { return name(cmp.Or(c.Data, "unknown")) }

// idPattern is what the model hub takes for an id: an owner, perhaps, and a name.
var idPattern = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*$`)

// hubID is the model's id if it can be one. The hub refuses cards whose base_model cannot, such as a folder.
func hubID(model string) string {
	if len(model) > 96 || !idPattern.MatchString(model) || strings.Contains(model, "--") || strings.Contains(model, "..") ||
		strings.HasSuffix(model, ".") || strings.HasSuffix(model, "-") {
		return ""
	}
	return model
}
