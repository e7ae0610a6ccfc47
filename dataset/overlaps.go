package dataset

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"mslora/internal/hint"
)

// listed is the texts of a file, to be compared with those of others.
type listed struct {
	what  string // trusted, dev or test
	path  string
	texts []NamedText
}

// collapsed is a text by which it is compared: white space around it goes, and inside it is one space.
func collapsed(text string) string {
	before := true // a space, or the begin
	for _, r := range text {
		space := unicode.IsSpace(r)
		if space && (before || r != ' ') {
			return strings.Join(strings.Fields(text), " ")
		}
		before = space
	}
	return strings.TrimSuffix(text, " ")
}

// meeting is a text of one file that is in another, too.
type meeting struct {
	text, other NamedText
	differs     *NamedText // the first in the other file with another label; nil: none
}

// meetings gives the texts of l that are in other, too, in the order of l. Of a text that is in l twice the first counts.
func (l listed) meetings(other listed) (found []meeting) {
	first := make(map[string]int, len(l.texts))
	for i, t := range l.texts {
		if key := collapsed(t.Text); key != "" {
			if _, ok := first[key]; !ok {
				first[key] = i
			}
		}
	}
	at := make([]*meeting, len(l.texts))
	for _, t := range other.texts {
		i, ok := first[collapsed(t.Text)]
		if !ok {
			continue
		}
		if at[i] == nil {
			at[i] = &meeting{text: l.texts[i], other: t}
		}
		if t.Label != l.texts[i].Label && at[i].differs == nil {
			at[i].differs = &t
		}
	}
	for _, m := range at {
		if m != nil {
			found = append(found, *m)
		}
	}
	return found
}

// alsoIn warns of texts that are in another file, too. Of trusted ones it tells also if the other file calls them otherwise.
func (l listed) alsoIn(other listed, consequence string) (warnings []string) {
	var shared, otherwise []string
	for _, m := range l.meetings(other) {
		shared = append(shared, fmt.Sprintf("line %d (%d there)", m.text.Line, m.other.Line))
		if m.differs != nil {
			otherwise = append(otherwise, fmt.Sprintf("line %d is %s, line %d there %s", m.text.Line, hint.Quote(m.text.Label), m.differs.Line, hint.Quote(m.differs.Label)))
		}
	}
	if len(shared) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s in %s, too%s: %s", l.isOrAre(len(shared)), other.path, consequence, firstOf(shared)))
	}
	if len(otherwise) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s in %s with another label: %s", l.isOrAre(len(otherwise)), other.path, firstOf(otherwise)))
	}
	return warnings
}

// TrustWarnings says what weakens trust in the texts of the file trusted: some stand in it twice, or in the file data, too, perhaps under
// another label.
func TrustWarnings(trusted string, texts []NamedText, data string, training []NamedText) []string {
	l := listed{what: "trusted", path: trusted, texts: texts}
	return l.doubts(listed{path: data, texts: training})
}

// doubts of trusted texts, with those that are trained on.
func (l listed) doubts(training listed) []string {
	return append(l.twice(), l.alsoIn(training, noSecondOpinion)...)
}

// twice warns of texts that are there more than once, and of those that contradict themselves: they have another label there.
func (l listed) twice() (warnings []string) {
	first := map[string]NamedText{}
	var again, otherwise []string
	for _, t := range l.texts {
		key := collapsed(t.Text)
		before, ok := first[key]
		switch {
		case !ok || key == "":
			first[key] = t
		case t.Label == before.Label:
			again = append(again, fmt.Sprintf("line %d (as line %d)", t.Line, before.Line))
		default:
			otherwise = append(otherwise, fmt.Sprintf("line %d is %s, line %d %s", before.Line, hint.Quote(before.Label), t.Line, hint.Quote(t.Label)))
		}
	}
	if len(again) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s there twice: %s", l.isOrAre(len(again)), firstOf(again)))
	}
	if len(otherwise) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s there under two labels, of which one at least is wrong: %s", l.isOrAre(len(otherwise)), firstOf(otherwise)))
	}
	return warnings
}

func (l listed) isOrAre(n int) string {
	if n == 1 {
		return "1 " + l.what + " text is"
	}
	return strconv.Itoa(n) + " " + l.what + " texts are"
}

// firstOf shows the first places.
func firstOf(places []string) string {
	if more := len(places) - mostShown; more > 0 {
		return fmt.Sprintf("%s; and %d more", strings.Join(places[:mostShown], "; "), more)
	}
	return strings.Join(places, "; ")
}

// Consequences of texts that are in two files.
const (
	noSecondOpinion = ", so nothing from elsewhere vouches for them"
	knownBefore     = ", so accuracy on them says little"
)

// sameFile refuses a file that is given for two purposes. Files with the same bytes are one.
func sameFile(data, other File, flag string) error {
	if data.SHA256 != other.SHA256 {
		return nil
	}
	advice := "leave --dev out: a tenth of --data then chooses the epoch"
	switch flag {
	case "--clean":
		advice = "give texts that you trust, from elsewhere or read one by one; a file that may be poisoned vouches for nothing"
	case "--test":
		advice = "give texts that are not trained on, or leave --test out"
	}
	return hint.New(advice, "%s and --data are the same file: %s", flag, other.Path)
}

// listed gives the rows of a split with the names of their labels.
func (s *Split) listed(what string) listed {
	l := listed{what: what, path: s.Path, texts: make([]NamedText, len(s.Texts))}
	for i, t := range s.Texts {
		name := strconv.Itoa(t.Label)
		if s.Labels != nil {
			name = s.Labels[t.Label]
		}
		l.texts[i] = NamedText{Text: t.Text, Label: name, Line: s.Lines[i]}
	}
	return l
}

// warnOfOverlaps tells of texts that are in two files of a data set. Its dev texts are the trusted ones.
func warnOfOverlaps(train, dev, test *Split) {
	training, trusted, tested := train.listed("training"), dev.listed("dev"), test.listed("test")
	dev.Warnings = append(dev.Warnings, trusted.alsoIn(training, noSecondOpinion)...)
	test.Warnings = append(append(test.Warnings, tested.alsoIn(training, knownBefore)...), tested.alsoIn(trusted, knownBefore)...)
}
