package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// outline is a page as a strict parser sees it.
type outline struct {
	Elements   []string // tags with the names of their attributes, in order: the skeleton without any data
	Attributes []string // values
	Text       string
	Title      string
}

// parse reads a page with encoding/xml, which refuses what is not well formed, and checks what holds for every page:
// nothing runs or is fetched, headings do not skip a level, tables and drawings are named.
func parse(t testing.TB, page string) outline {
	t.Helper()
	var o outline
	var text strings.Builder
	var open []string
	ids, references := map[string]bool{}, []string{}
	level, awaits := 0, ""
	decoder := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			tag := token.Name.Local
			skeleton := []string{tag}
			for _, a := range token.Attr {
				skeleton = append(skeleton, a.Name.Local)
				o.Attributes = append(o.Attributes, a.Value)
				switch {
				case a.Name.Local == "id":
					if ids[a.Value] {
						t.Errorf("two elements have the id %s", a.Value)
					}
					ids[a.Value] = true
				case a.Name.Local == "role" && slices.Contains(open, "table"), a.Name.Local == "role" && tag == "table":
					t.Errorf("<%s> has role=%q, which HTML forbids in a table", tag, a.Value)
				case a.Name.Local == "aria-labelledby":
					references = append(references, strings.Fields(a.Value)...)
				case a.Name.Local == "href" && a.Value == "https://arxiv.org/abs/2402.12026" && tag == "a":
				case slices.Contains([]string{"href", "src", "srcset", "action", "style", "background"}, a.Name.Local),
					strings.HasPrefix(a.Name.Local, "on"):
					t.Errorf("<%s> has %s=%q", tag, a.Name.Local, a.Value)
				}
			}
			o.Elements = append(o.Elements, strings.Join(skeleton, " "))
			if awaits != "" && tag != awaits {
				t.Errorf("<%s> begins with <%s>, want <%s>", open[len(open)-1], tag, awaits)
			}
			awaits = map[string]string{"table": "caption", "svg": "title", "figure": "figcaption", "details": "summary"}[tag]
			switch tag {
			case "script", "img", "iframe", "object", "embed", "link", "base", "form", "input", "use", "image", "foreignObject":
				t.Errorf("there is a <%s>", tag)
			case "th":
				if !slices.Contains(skeleton, "scope") {
					t.Error("a <th> has no scope")
				}
			case "h1", "h2", "h3", "h4":
				next := int(tag[1] - '0')
				if next > level+1 || next == 1 && level > 0 {
					t.Errorf("<%s> comes after level %d", tag, level)
				}
				level = next
			}
			open = append(open, tag)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			switch {
			case slices.Contains(open, "style"):
				if strings.Contains(string(token), "url(") || strings.Contains(string(token), "@import") {
					t.Error("the style sheet fetches something")
				}
			case len(open) == 3 && open[2] == "title":
				o.Title += string(token)
			default:
				text.Write(token)
			}
		case xml.Comment:
			t.Errorf("there is a comment: %s", token)
		}
	}
	for _, id := range references {
		if !ids[id] {
			t.Errorf("nothing has the id %s", id)
		}
	}
	if level == 0 {
		t.Error("there is no heading")
	}
	o.Text = text.String()
	return o
}

// Data may only fill the skeleton, never change it.
func TestHostileDataChangesNoElement(t *testing.T) {
	harmless := hostile()
	tame := func(texts ...*string) {
		for _, text := range texts {
			if *text != "" {
				*text = "a harmless word or two" // long enough to be numbered, as the hostile one is
			}
		}
	}
	tame(&harmless.Title, &harmless.Model, &harmless.Method, &harmless.Data, &harmless.Splits[0].Name, &harmless.Warnings[0], &harmless.Poison[0], &harmless.PoisonCard[0], &harmless.PoisonExamples[0])
	for i := range harmless.Labels {
		tame(&harmless.Labels[i])
	}
	for i := range harmless.Examples {
		tame(&harmless.Examples[i].Text, &harmless.Examples[i].Label)
	}
	for _, pairs := range [][]Pair{harmless.Settings, harmless.Checksums} {
		tame(&pairs[0].Name, &pairs[0].Value)
	}
	bad, good := parse(t, pageOf(t, hostile())), parse(t, pageOf(t, harmless))
	if !slices.Equal(bad.Elements, good.Elements) {
		t.Errorf("elements are\n%q\nwant\n%q", bad.Elements, good.Elements)
	}
	if text := shown(attack + hidden); !strings.Contains(bad.Text, text) {
		t.Errorf("the page does not show %s", text)
	}
	if want := name(attack) + ": training report"; bad.Title != want {
		t.Errorf("title is %q, want %q", bad.Title, want)
	}
}

// No character that hides or turns text around is left, neither in text nor in attributes.
func TestHiddenCharactersShow(t *testing.T) {
	seen := parse(t, pageOf(t, hostile()))
	for _, text := range []string{seen.Text + strings.Join(seen.Attributes, "") + seen.Title, cardOf(t, hostile())} {
		for _, r := range "\u202e\u202c\u200b\u200f\x00\x1b\ufeff\u2028\ufffe\u00ad\U000E0041" {
			if strings.ContainsRune(text, r) {
				t.Errorf("%U is left", r)
			}
		}
		for _, r := range "\u202e\u200b\x1b\ufffe\U000E0041" {
			if want := fmt.Sprintf("⟨U+%04X⟩", r); !strings.Contains(text, want) {
				t.Errorf("%s is not shown", want)
			}
		}
	}
}

// Expressions that find the numbers of drawings.
var (
	drawings   = regexp.MustCompile(`(?s)<svg.*?</svg>`)
	coordinate = regexp.MustCompile(` (x|y|x1|x2|y1|y2|cx|cy)="([^"]*)"`)
	vertex     = regexp.MustCompile(`[ML]([^,]*),([^LMm"]*)`)
)

// checkDrawings wants every point of a page's drawings within its frame.
func checkDrawings(t testing.TB, page string) {
	t.Helper()
	within := func(kind, text string, high float64) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || v < 0 || v > high {
			t.Errorf("%s is %q, outside of the drawing", kind, text)
		}
	}
	for _, drawing := range drawings.FindAllString(page, -1) {
		for _, m := range coordinate.FindAllStringSubmatch(drawing, -1) {
			high := 380.0
			if strings.Contains(m[1], "y") {
				high = 236
			}
			within(m[1], m[2], high)
		}
		for _, path := range regexp.MustCompile(` d="([^H"]*)"`).FindAllStringSubmatch(drawing, -1) {
			for _, m := range vertex.FindAllStringSubmatch(path[1], -1) {
				within("x of a path", m[1], 380)
				within("y of a path", m[2], 236)
			}
		}
	}
}
