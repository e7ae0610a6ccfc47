package report

import (
	"fmt"
	"math"
	"strings"
)

// The edges of the plot area and the place of the key, in units of the viewBox that chart.svg sets. Text is 12
// units high; the page shows a unit as about a pixel on a phone and a little more on wide screens.
const (
	plotLeft, plotRight = 46.0, 368.0
	plotTop, plotBottom = 28.0, 200.0
	keyLeft, keyY       = 56.0, 10.0
	keyWidth            = 100.0 // of one series in the key
)

// markersUpTo is the number of epochs beyond which lines are drawn without points.
const markersUpTo = 20

// drawable is the largest value that is drawn. No loss comes near it unless training failed.
const drawable = 1e15

// chart is a line drawing over epochs, ready for the template.
type chart struct {
	ID, Title, Description string
	Unit                   string // what the vertical axis counts
	X, Y                   []tick
	Series                 []series
	Kept                   *keptMark
	Missing                string // a sentence on values that could not be drawn

	x, y axis
}

// series is one line. Square markers and dashes tell the second from the first without colour.
type series struct {
	Name, Path, Markers string // paths
	Second              bool
	Key                 *key
}

// key names a series in a drawing with several.
type key struct{ X, End, TextX, Marker string }

type point struct{ X, Y string }

// keptMark points at the epoch that was kept.
type keptMark struct {
	point
	Label, LabelX, Anchor string
}

// line is a series before it is drawn: a value for each epoch, NaN where there is a gap.
type line struct {
	name   string
	values []float64
}

func (l *line) add(value float64) {
	if math.Abs(value) > drawable {
		value = math.NaN()
	}
	l.values = append(l.values, value)
}

// drawn gives the indices of values that are numbers.
func (l line) drawn() []int {
	var all []int
	for i, v := range l.values {
		if !math.IsNaN(v) {
			all = append(all, i)
		}
	}
	return all
}

// charts draws losses and dev accuracy; nothing if there were no epochs.
func (r Report) charts() []chart {
	if len(r.Epochs) == 0 {
		return nil
	}
	training, auxiliary, accuracy := line{name: "training"}, line{name: "auxiliary (trusted texts)"}, line{name: "accuracy"}
	for _, e := range r.Epochs {
		training.add(e.Loss)
		auxiliary.add(e.AuxLoss)
		accuracy.add(e.DevAccuracy)
	}
	losses := []line{training}
	if r.aligned() {
		losses = append(losses, auxiliary)
	}
	loss := chart{ID: "loss", Title: "Loss by epoch", Unit: "nats"}
	loss.draw(r.Epochs, losses, lossAxis)
	dev := chart{ID: "accuracy", Title: "Accuracy on dev by epoch", Unit: "%"}
	if r.Balanced {
		dev.Title = "Balanced accuracy on dev by epoch"
	}
	dev.draw(r.Epochs, []line{accuracy}, accuracyAxis)
	if kept := r.kept(); kept >= 0 && !math.IsNaN(accuracy.values[kept]) {
		dev.markKept(r.Epochs[kept])
	}
	return []chart{loss, dev}
}

func (c *chart) draw(epochs []Epoch, lines []line, scale func([]float64) axis) {
	var all []float64
	for _, l := range lines {
		for _, i := range l.drawn() {
			all = append(all, l.values[i])
		}
	}
	if len(all) == 0 {
		c.Missing = "No epoch has a finite number to draw."
		return
	}
	c.x = epochAxis(epochs[0].Epoch, epochs[len(epochs)-1].Epoch)
	c.x.from, c.x.to = plotLeft, plotRight
	c.y = scale(all)
	c.y.from, c.y.to = plotBottom, plotTop
	c.X, c.Y = c.x.epochTicks(), c.y.ticks()
	var descriptions, missing []string
	for i, l := range lines {
		s := c.series(epochs, l, i > 0)
		if len(lines) > 1 {
			x := keyLeft + float64(i)*keyWidth
			s.Key = &key{place(x), place(x + 24), place(x + 30), marker(point{place(x + 12), place(keyY)}, s.Second)}
		}
		c.Series = append(c.Series, s)
		descriptions = append(descriptions, describe(epochs, l))
		if n := len(epochs) - len(l.drawn()); n > 0 {
			missing = append(missing, fmt.Sprintf("%s in %s", l.name, plural(n, "epoch", "epochs")))
		}
	}
	c.Description = strings.Join(descriptions, " ")
	if len(missing) > 0 {
		c.Missing = "Not drawn, being no finite number: " + strings.Join(missing, ", ") + "."
	}
}

// series starts the path anew after each gap. A point between two gaps has no line and always gets a marker.
func (c *chart) series(epochs []Epoch, l line, second bool) series {
	gap := func(i int) bool { return i < 0 || i == len(l.values) || math.IsNaN(l.values[i]) }
	s := series{Name: l.name, Second: second}
	var path strings.Builder
	for _, i := range l.drawn() {
		p := point{place(c.x.at(float64(epochs[i].Epoch))), place(c.y.at(l.values[i]))}
		command := "L"
		if gap(i - 1) {
			command = "M"
		}
		path.WriteString(command + p.X + "," + p.Y)
		if len(epochs) <= markersUpTo || gap(i-1) && gap(i+1) {
			s.Markers += marker(p, second)
		}
	}
	s.Path = path.String()
	return s
}

// marker is the path of a disc, or of a square for the second series.
func marker(p point, second bool) string {
	shape := "m-3.5,0a3.5,3.5 0 1 0 7,0a3.5,3.5 0 1 0-7,0z"
	if second {
		shape = "m-3.2-3.2h6.4v6.4h-6.4z"
	}
	return "M" + p.X + "," + p.Y + shape
}

// describe says in words where a line begins and ends.
func describe(epochs []Epoch, l line) string {
	drawn := l.drawn()
	if len(drawn) == 0 {
		return fmt.Sprintf("No %s.", l.name)
	}
	first, last := drawn[0], drawn[len(drawn)-1]
	from := fmt.Sprintf("%s in epoch %d", decimals(l.values[first]), epochs[first].Epoch)
	subject := strings.ToUpper(l.name[:1]) + l.name[1:]
	if first == last {
		return fmt.Sprintf("%s: %s.", subject, from)
	}
	return fmt.Sprintf("%s: from %s to %s in epoch %d.", subject, from, decimals(l.values[last]), epochs[last].Epoch)
}

// markKept writes the mark's label above the plot, where no line runs.
func (c *chart) markKept(epoch Epoch) {
	at := c.x.at(float64(epoch.Epoch))
	mark := &keptMark{
		point:  point{place(at), place(c.y.at(epoch.DevAccuracy))},
		Label:  fmt.Sprintf("kept: epoch %d, %s\u00a0%%", epoch.Epoch, decimals(epoch.DevAccuracy)),
		LabelX: place(at), Anchor: "middle",
	}
	switch third := (plotRight - plotLeft) / 3; {
	case at < plotLeft+third:
		mark.LabelX, mark.Anchor = place(max(plotLeft, at-8)), "start"
	case at > plotRight-third:
		mark.LabelX, mark.Anchor = place(min(plotRight, at+8)), "end"
	}
	c.Kept = mark
	c.Description += fmt.Sprintf(" Epoch %d was kept.", epoch.Epoch)
}
