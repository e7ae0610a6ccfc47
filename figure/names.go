package figure

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"

	"mslora/eval"
	"mslora/internal/visible"
)

// longestTitle bounds what of a name a picture shows, in characters.
const longestTitle = 60

// short makes a name from a file fit for a picture.
func short(text string) string {
	runes := []rune(visible.Line(text))
	if len(runes) > longestTitle {
		return string(runes[:longestTitle-1]) + "…"
	}
	return string(runes)
}

// shortInside is short for names that begin alike: it cuts the middle.
func shortInside(text string) string {
	runes := []rune(visible.Line(text))
	if len(runes) <= longestTitle {
		return string(runes)
	}
	const begin = longestTitle / 4
	return string(runes[:begin]) + "…" + string(runes[len(runes)-(longestTitle-begin-1):])
}

// distinct makes different names fit for a picture, and keeps them different: those that look the same when their end is cut lose
// their middle instead, and get a number if that does not tell them apart.
func distinct(names []string) []string {
	alike := map[string]int{}
	for _, name := range names {
		alike[short(name)]++
	}
	shown := make([]string, len(names))
	seen := map[string]int{}
	for i, name := range names {
		shown[i] = short(name)
		if alike[shown[i]] > 1 {
			shown[i] = shortInside(name)
		}
		if seen[shown[i]]++; seen[shown[i]] > 1 {
			shown[i] += fmt.Sprintf(" (%d)", seen[shown[i]])
		}
	}
	return shown
}

// brief writes a setting's value for a picture: of a long list its first two numbers and its last one.
func brief(d eval.Difference) string {
	list, isList := strings.CutPrefix(d.Value, "[")
	numbers := strings.Split(strings.TrimSuffix(list, "]"), ",")
	if !isList || len(numbers) < 4 {
		return d.Plain()
	}
	return numbers[0] + ", " + numbers[1] + " … " + numbers[len(numbers)-1]
}

// axisTitles are the settings that are called otherwise than their key.
var axisTitles = map[string]string{
	ratioAxis: "Poison ratio", "auxiliary": "Auxiliary texts", "mu_max": "Largest mu", "scales": "Scales S", "lora_rank": "LoRA rank", "lora_alpha": "LoRA alpha",
}

// axisTitle is what pictures call a setting.
func axisTitle(key string) string {
	if title := axisTitles[key]; title != "" {
		return title
	}
	words := strings.ReplaceAll(key, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// lowered is a title in the middle of a sentence.
func lowered(title string) string {
	if len(title) > 1 && title[1] >= 'A' && title[1] <= 'Z' { // an abbreviation such as LoRA, of two capitals
		return title
	}
	return strings.ToLower(title[:1]) + title[1:]
}

// shortenTitles makes the titles of panels, which are in full, fit for a picture.
func shortenTitles(panels []*plot.Plot) {
	titles := make([]string, len(panels))
	for i, p := range panels {
		titles[i] = p.Title.Text
	}
	for i, title := range distinct(titles) {
		panels[i].Title.Text = title
	}
}
