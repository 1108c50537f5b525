import './panel.css';
import './environment.css';
import './forms.css';
import './agent.css';
import './lists.css';
import './jobs.css';
import './badge.css';
import './marks.css';
