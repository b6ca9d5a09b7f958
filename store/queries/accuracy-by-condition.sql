-- How well does each model do under each condition and prompt?
SELECT model, prompt, condition, answered, parse_rate, refusal_rate, accuracy, macro_f1
FROM scores ORDER BY model, prompt, condition <> 'none', condition;
