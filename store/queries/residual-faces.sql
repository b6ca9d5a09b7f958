-- Which answers are about masked pictures in which a face is left?
SELECT run_id, run, condition, picture, person_index, residual_faces, emotion, correct
FROM narratives WHERE residual_faces > 0 ORDER BY residual_faces DESC, run_id, picture, person_index;
