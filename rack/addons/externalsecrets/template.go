package externalsecrets

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	texttemplate "text/template"

	"github.com/Masterminds/sprig/v3"
	corev1 "k8s.io/api/core/v1"
)

// execute puts a Secret's data through a template of the second engine: Go's, with Sprig's functions
// (https://external-secrets.io/latest/guides/templating/). The engine's own functions for certificates are not known here.
func (t *template) execute(secret *corev1.Secret) error {
	if len(t.TemplateFrom) > 0 {
		return errors.New("target.template.templateFrom: the stand-in of External Secrets knows only data")
	}
	secret.Type = corev1.SecretType(t.Type)
	values := map[string]string{}
	for key, value := range secret.Data {
		values[key] = string(value)
	}
	functions := sprig.TxtFuncMap()
	// What is in the operator's own environment is nobody's business.
	delete(functions, "env")
	delete(functions, "expandenv")
	render := func(texts map[string]string) (map[string]string, error) {
		out := map[string]string{}
		for key, text := range texts {
			parsed, err := texttemplate.New(key).Option("missingkey=error").Funcs(functions).Parse(text)
			if err != nil {
				return nil, fmt.Errorf("unable to parse template at key %s: %w", key, err)
			}
			var b bytes.Buffer
			if err := parsed.Execute(&b, values); err != nil {
				return nil, fmt.Errorf("unable to execute template at key %s: %w", key, err)
			}
			out[key] = b.String()
		}
		return out, nil
	}
	data, errData := render(t.Data)
	labels, errLabels := render(t.Metadata.Labels)
	annotations, errAnnotations := render(t.Metadata.Annotations)
	if err := errors.Join(errData, errLabels, errAnnotations); err != nil {
		return err
	}
	maps.Copy(secret.Labels, labels)
	maps.Copy(secret.Annotations, annotations)
	// A template takes the place of the data, unless it is to add to it or has none.
	if len(t.Data) > 0 && t.MergePolicy != "Merge" {
		secret.Data = map[string][]byte{}
	}
	for key, text := range data {
		secret.Data[key] = []byte(text)
	}
	return nil
}
